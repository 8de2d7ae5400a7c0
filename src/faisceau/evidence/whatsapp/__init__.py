"""What the readers of WhatsApp share: its databases on Android and iOS, and its exported chats.

WhatsApp publishes no description of its files. What tables, columns and numbers mean is known from
the databases themselves, their views, and the open forensic tools that read them (IPED, ALEAPP,
iLEAPP, WhatsApp-Chat-Exporter, whatstk).
"""
