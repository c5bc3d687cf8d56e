"""The page: its components (`layout`) and what happens in them; `app.py` puts it together."""
