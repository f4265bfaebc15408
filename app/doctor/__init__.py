"""`smolsight doctor`: how fast this machine is, what will run well on it, and whether what is installed works.

`measurement.py` measures once and keeps it, `prediction.py` says what a picture and a clip will cost, `advice.py` which
size to take; `self_test.py` and `checks.py` try everything that only the machine itself can show. Nothing is imported
here.
"""
