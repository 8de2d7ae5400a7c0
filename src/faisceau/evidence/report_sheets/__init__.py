"""Reports of extraction tools: what readers of Cellebrite, Oxygen and MSAB share.

``workbook`` opens Excel and CSV files as tables of rows under a header, ``leaves`` finds flat
records in XML, ``moments`` reads times as these tools write them, ``parties`` who stands in a cell,
``handset`` gathers what is said of the device; ``filling`` makes rows of records whose columns
are known by name, and ``secrets`` knows what is never kept.
"""
