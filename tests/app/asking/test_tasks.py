"""The tasks' file: complete, and what the design says of each."""

from app.asking.tasks import DEFAULT_TASK, tasks


def test_every_task_has_words_to_ask_and_words_of_help() -> None:
    assert list(tasks()) == ["caption", "short", "alt", "tags", "text", "screenshot", "document"]
    assert all(task.question.strip() and task.help.strip() and task.max_tokens > 0 for task in tasks().values())
    assert DEFAULT_TASK in tasks()


def test_tasks_that_read_look_closely() -> None:
    assert {name for name, task in tasks().items() if task.detail == "high"} == {"text", "document", "screenshot"}


def test_only_captions_are_answered_from_an_empty_pictures_pixels() -> None:
    assert {name for name, task in tasks().items() if task.names_blank} == {"caption", "short", "alt", "tags"}


def test_alt_text_is_the_one_with_a_limit() -> None:
    assert {name: task.max_characters for name, task in tasks().items() if task.max_characters} == {"alt": 125}


def test_documents_may_be_long() -> None:
    assert tasks()["document"].max_tokens == 8192
    assert tasks()["document"].question == "Convert this page to docling."
