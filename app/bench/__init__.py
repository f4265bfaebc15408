"""`smolsight bench`: how fast a folder answers here, beside another program where one is asked for.

`ours.py` and `peer.py` make one run each, `measured.py` is what a run is told and tells, `report.py` makes records and
tables of many. Nothing is imported here.
"""
