"""Things to learn: hand velocity (the arm), regression teachers, digits."""

from armfa.problems import digits, hand_velocity, regression
from armfa.problems.digits import DigitRecognition
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.problems.regression import Regression

__all__ = ["DigitRecognition", "HandVelocityProblem", "Regression", "digits", "hand_velocity", "regression"]
