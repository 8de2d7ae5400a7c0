"""Who may do what, why, and until when: the mandate, the Cedar policies, and their decisions.

``model`` holds the nouns, ``reading`` makes them from ``mandate.toml``, ``act`` names what may be
asked, ``decide`` puts the question to the policies of ``policies/``, ``unlock`` and ``explain``
say what would change the answer. This room reads the mandate and the policies and nothing else.
"""
