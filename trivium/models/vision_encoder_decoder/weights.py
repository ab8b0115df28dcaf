"""Where the names on disk differ from the network's; the parts' own are their architectures'.

Source: modeling_tf_vision_encoder_decoder.py of Transformers 4.52.
"""

from trivium.convert.rules import Rename, Rules

RULES = Rules(
    renames=tuple(Rename("tf4", f"vision_encoder_decoder.{part}", part) for part in ("encoder", "decoder", "enc_to_dec_proj"))
)
