"""How the site is built: sphinx-build -W -b html docs docs/_build/html."""

import os
import sys
from pathlib import Path

for name, value in {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "MPLBACKEND": "Agg"}.items():
    os.environ.setdefault(name, value)  # pictures are drawn without a display
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import generated  # noqa: E402

import armfa  # noqa: E402  after the settings of the screen

project, author, version = "armfa", "the armfa authors", armfa.__version__
copyright = f"{author}, MIT licence"
release = version
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "generated",  # docs/_ext/generated.py: the cards and the pages of the API
    "sphinx_gallery.gen_gallery",
    "browser",  # docs/_ext/browser.py: scripts of the gallery in JupyterLite
]
exclude_patterns = ["_build", "_ext", "live", "rl_zoo3", "gallery/sg_execution_times.rst", "sg_execution_times.rst"]
suppress_warnings = ["config.cache"]  # the settings of the gallery hold functions
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
linkcheck_ignore = [r"\.\./lite/"]  # made when the site is built; .ci/links.py follows these
default_role = "py:obj"  # `name` is a link where the site has it, else code

autodoc_typehints = "none"
autodoc_inherit_docstrings = False  # Gymnasium's are Gymnasium's
autodoc_default_options = {"members": True}
numpydoc_show_class_members = False
autosummary_generate = False

sphinx_gallery_conf = {
    "examples_dirs": "../demos",
    "gallery_dirs": "gallery",
    "filename_pattern": generated.runnable(Path(__file__).parent.parent / "demos"),
    "within_subsection_order": "FileNameSortKey",
    "reset_argv": "generated.gallery_arguments",
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "armfa"
html_static_path = ["_static"]
html_css_files, html_js_files = ["armfa.css"], ["armfa.js"]
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_persistent": ["search-button"],
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "changelog": []}
