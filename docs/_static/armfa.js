/* The arrows that open a part of the contents get a name that can be read aloud. */
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll("summary")) {
    const link = summary.closest("li")?.querySelector("a");
    if (summary.querySelector(".toctree-toggle") && link) {
      summary.setAttribute("aria-label", `Pages below ${link.textContent.trim()}`);
    }
  }
});
