"""How replies are read and scored: the rules of the public tools by name and version, and our own.

Each ``_<benchmark>.py`` has one benchmark's scorers in ``SCORERS``; the other modules are rules that several share.

>>> from framewise.evaluation.scorers._mme import SCORERS
>>> SCORERS["lmms_eval"].id
'lmms_eval@0.7.3'
>>> row = {"item_id": "1", "question_id": "1.png", "category": "OCR", "answer": "Yes", "prediction": "yes."}
>>> SCORERS["lmms_eval"].outcomes([row])
[Outcome(parsed='yes', score=1.0)]
"""

from framewise.evaluation.scorers._outcome import Outcome
from framewise.evaluation.scorers._robust_choice import robust_choice
from framewise.evaluation.scorers._robust_open import robust_open
from framewise.evaluation.scorers._robust_yes_no import robust_yes_no
from framewise.evaluation.scorers._scorer import Scorer, Scorers, by_name

__all__ = ["Outcome", "Scorer", "Scorers", "by_name", "robust_choice", "robust_open", "robust_yes_no"]
