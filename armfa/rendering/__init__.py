"""Pictures of the arm: `scene` says what is seen, in metres; `viewer` draws it with pygame."""

from armfa.rendering.arm_scene import arm_scene
from armfa.rendering.scene import Circle, Line, Polygon, Scene, Text
from armfa.rendering.viewer import Window, draw_frame

__all__ = ["Circle", "Line", "Polygon", "Scene", "Text", "Window", "arm_scene", "draw_frame"]
