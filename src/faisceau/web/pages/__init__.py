"""The pages: each module here is found at the start, and declares its routes in ``register``.

A module may have ``NAVIGATION``: entries ``(label, path, icon)`` of the menu of a case, the path
with ``{name}`` for the case's name. Modules whose name begins with ``_`` are shared by the others.
"""
