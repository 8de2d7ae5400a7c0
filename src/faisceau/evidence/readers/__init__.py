"""The formats Faisceau reads, one file each: ``detect(head)`` and ``read(source)``.

Being in this folder is the registration; third parties use the entry-point group
``faisceau.readers``.
"""
