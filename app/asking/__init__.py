"""What is asked of which file: tasks and questions, and many files as one job.

Both faces ask through it. Nothing is imported here.
"""
