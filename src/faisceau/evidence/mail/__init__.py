"""Mail: what mailboxes, single messages and Outlook files share once a message's bytes are apart.

``headers`` decodes what the header lines say, ``charsets`` bytes into words, ``mime`` finds text
and attachments, ``plain`` makes HTML readable; ``rows`` makes rows of one message.
"""
