"""Where CvT's names on disk differ from the network's. Source: modeling_tf_cvt.py of Transformers 4.52."""

from trivium.convert.rules import Bare, Rules

TOKEN = "cvt.encoder.stages.2.cls_token"  # in TensorFlow's class the token's name is this, whatever its stage

RULES = Rules(dotted=("stages", "layers"), bare=(Bare(TOKEN, ("cvt",), f"{TOKEN}:0"),))
