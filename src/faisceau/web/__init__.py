"""The web room, thin: pages (NiceGUI) and a REST API (FastAPI), each asking the workspace.

It needs the extra ``web``; nothing here is imported before ``faisceau serve`` is called.
"""
