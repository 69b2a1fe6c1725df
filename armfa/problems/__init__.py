"""Things to learn: hand velocity and whole tasks (the arm), sequences, regression teachers, digits."""

from armfa.problems import digits, episodes, hand_velocity, regression
from armfa.problems.digits import DigitRecognition
from armfa.problems.episodes import Following, TaskProblem, problem_of
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.problems.regression import Regression

__all__ = [
    "DigitRecognition", "Following", "HandVelocityProblem", "Regression", "TaskProblem", "digits", "episodes",
    "hand_velocity", "problem_of", "regression",
]  # fmt: skip
