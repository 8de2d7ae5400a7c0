"""Reports of extraction tools as sheets and records: what Cellebrite, Oxygen and MSAB share.

``workbook`` opens Excel and CSV files as sheets of rows, ``records`` finds flat records in XML,
``moments`` reads times as these tools write them, ``parties`` who stands in a cell, and
``filling`` makes rows out of records whose columns are known by name.
"""
