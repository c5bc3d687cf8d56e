"""The page: its components (`layout`) and what happens in them; `app.py` puts it together."""

import sys

# The page compiles nothing, but torchvision asks whether it could, which loads triton's compiler:
# 70 MB of memory. Whatever has it loaded already keeps it; others take it as not installed.
sys.modules.setdefault("triton", None)
