"""Chat templates: where they are found, which form they take, and what hostile ones get."""

import json
import re
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from mlx_model.errors import CheckpointError
from mlx_model.prompting import template_sandbox
from mlx_model.prompting.chat_template import LONGEST_TEMPLATE, ChatTemplate, TemplateMessage
from tests.checkpoints import CHAT_TEMPLATE, CHATML_TEMPLATE

SHOW = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
SMOLLM2_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def template(source: str, **tokens: str) -> ChatTemplate:
    return ChatTemplate(source, Path("folder/chat_template.jinja"), tokens)


def say(words: str, role: str = "user") -> TemplateMessage:
    return {"role": role, "content": [{"type": "text", "text": words}]}


# Rendering


def test_smolvlms_template_puts_pictures_and_words_in_their_order() -> None:
    parts: TemplateMessage = {
        "role": "user",
        "content": [{"type": "image"}, {"type": "text", "text": "What?"}, {"type": "image"}],
    }
    rendered = template(CHAT_TEMPLATE).render([say("Be brief.", "system"), parts])
    assert rendered == (
        "<|im_start|>System: Be brief.<end_of_utterance>\nUser:<image>What?<image><end_of_utterance>\nAssistant:"
    )


def test_smollm2s_template_gets_words_as_a_string_and_adds_its_own_system_line() -> None:
    assert template(CHATML_TEMPLATE).render([say("Hi"), say("Yes?", "assistant"), say("Bye")]) == (
        f"<|im_start|>system\n{SMOLLM2_SYSTEM}<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nYes?<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_system_message_takes_the_place_of_smollm2s_own() -> None:
    rendered = template(CHATML_TEMPLATE).render([say("Be brief.", "system"), say("Hi")])
    assert "SmolLM" not in rendered
    assert rendered.startswith("<|im_start|>system\nBe brief.<|im_end|>\n")


def test_a_template_for_strings_gets_pictures_as_placeholders_within_the_words() -> None:
    message: TemplateMessage = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " what?"}]}
    assert template(SHOW).render([message]) == "<image> what?"


def test_a_template_that_takes_both_forms_gets_parts() -> None:
    both = (
        "{% for m in messages %}{% if m.content is string %}string {{ m.content }}"
        "{% else %}{% for p in m.content %}part {{ p.text }}{% endfor %}{% endif %}{% endfor %}"
    )
    assert template(both).render([say("x")]) == "part x"


@pytest.mark.parametrize("printed", ["{{ message['content'] }}", "{{ message['content'] | tojson }}"])
def test_a_printed_list_does_not_pass_for_words(printed: str) -> None:
    only_lists = SHOW.replace(
        "{{ message['content'] }}", f"{{% if message['content'] is not string %}}{printed}{{% endif %}}"
    )
    with pytest.raises(CheckpointError, match="it leaves out what the user says"):
        template(only_lists)


def test_jinja_in_a_users_words_is_inert() -> None:
    words = "{{ 7 * 7 }}{% for x in y %}{# c #}{{ raise_exception('no') }}"
    assert template(SHOW).render([say(words)]) == words


def test_what_published_templates_use_is_there() -> None:
    source = (
        "{{- bos_token }}{% generation %}{% for m in messages %}{{ m.content | trim }}{% break %}{% endfor %}"
        "{% endgeneration %}\n    {%- if tools %}tools{% endif %}\n"
        "{{ {'a<': 'é'} | tojson }} {{ strftime_now('%Y') | length }}{% set ns = namespace(n=1) %}{{ ns.n }}\n"
    )
    assert template(source, bos_token="<s>").render([say(" x "), say("y")]) == '<s>x{"a<": "é"} 41'


def test_a_conversation_that_the_template_refuses_is_explained_in_its_words() -> None:
    source = "{% if messages[0].role == 'system' %}{{ raise_exception('No system role.') }}{% endif %}" + SHOW
    with pytest.raises(CheckpointError, match=r"cannot be used: No system role\. Get the checkpoint"):
        template(source).render([say("x", "system")])


# Where a template stands


def write(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        is_text = isinstance(content, str)
        file = folder / f"{name}{'.jinja' if is_text else '.json'}"
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def test_a_folder_without_a_template_has_none(tmp_path: Path) -> None:
    assert ChatTemplate.from_folder(tmp_path) is None
    assert ChatTemplate.from_folder(write(tmp_path, tokenizer_config={}, processor_config={})) is None


def test_the_files_are_looked_at_in_the_order_of_the_reference(tmp_path: Path) -> None:
    places: dict[str, object] = {
        "tokenizer_config": {"chat_template": "tokenizer " + SHOW},
        "chat_template.jinja": "jinja " + SHOW,
        "chat_template": {"chat_template": "json " + SHOW},
        "processor_config": {"chat_template": "processor " + SHOW},
    }
    found = []
    for name, content in places.items():
        write(tmp_path, **{name.removesuffix(".jinja"): content})
        one = ChatTemplate.from_folder(tmp_path)
        assert one is not None
        found.append(one.render([say("x")]))
    assert found == ["tokenizer x", "jinja x", "json x", "processor x"]


@pytest.mark.parametrize(
    "several",
    [
        [{"name": "tool_use", "template": "no"}, {"name": "default", "template": SHOW}],
        {"tool_use": "no", "default": SHOW},
    ],
)
def test_of_several_templates_the_default_is_taken(tmp_path: Path, several: object) -> None:
    one = ChatTemplate.from_folder(write(tmp_path, tokenizer_config={"chat_template": several}))
    assert one is not None
    assert one.render([say("x")]) == "x"


@pytest.mark.parametrize("value", [7, [], [{"name": "rag", "template": SHOW}], {"rag": SHOW}, ["x"], True])
def test_a_template_that_is_none_is_refused_with_the_files_name(tmp_path: Path, value: object) -> None:
    with pytest.raises(CheckpointError, match=r"'chat_template' in .*tokenizer_config\.json is neither"):
        ChatTemplate.from_folder(write(tmp_path, tokenizer_config={"chat_template": value}))


def test_special_tokens_are_read_in_both_forms(tmp_path: Path) -> None:
    tokens = {"bos_token": "<s>", "eos_token": {"content": "</s>", "special": True}, "pad_token": None}
    source = "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}" + SHOW
    one = ChatTemplate.from_folder(write(tmp_path, tokenizer_config=tokens, chat_template=source))
    assert one is not None
    assert one.render([say("x")]) == "<s></s>Falsex"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"{% for %}", b"{{ x"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "chat_template.jinja").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"chat_template\.jinja"):
        ChatTemplate.from_folder(tmp_path)


# Hostile and broken programs

FOREVER = "{% for i in range(99999) %}{% for j in range(99999) %}BODY{% endfor %}{% endfor %}"
HOSTILE = {
    "{{ ''.__class__.__mro__ }}": "access to attribute '__class__' of 'str' object is unsafe",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}": "access to attribute '__init__'",
    "{{ messages|attr('__class__') }}{{ ''|attr('__class__')|attr('mro') }}": "unsafe",
    "{{ '{0.__class__.__mro__}'.format('') }}": "unsafe",
    "{{ messages.append(1) }}": "access to attribute 'append' of 'list' object is unsafe",
    "{% include '/etc/passwd' %}": "no loader",
    "{% import 'os' as os %}": "no loader",
    "{{ range(10 ** 9) | list }}": "power or a product above 1,000,000",
    "{{ range(999999) | list }}": "Range too big",
    "{{ 'x' * 10000000 * 10000000 }}": "power or a product above 1,000,000",
    "{{ [1] * 99999999 }}": "power or a product above 1,000,000",
    "{{ 9 ** 9 ** 9 }}": "power or a product above 1,000,000",
    FOREVER.replace("BODY", "x" * 100): r"writes more than 1,000,\d+ characters",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}": "recursion",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}": "recursion|nested",
    "{{ no_such_function() }}": "'no_such_function' is undefined",
    "{{ messages | no_such_filter }}": "No filter named 'no_such_filter'",
    "{{ 1 / 0 }}": "division by zero",
    "{% if": "unexpected 'end of template'",
    "Hello": "it leaves out what the user says",
    "": "it leaves out what the user says",
    " " * (LONGEST_TEMPLATE + 1): "it has 262,145 characters, 262,144 are the limit",
    "{{ raise_exception('no ' * 1000) }}": "(no ){60,70}",
}


@pytest.mark.parametrize(("source", "reason"), HOSTILE.items(), ids=[source[:50] for source in HOSTILE])
def test_a_template_that_breaks_out_or_down_becomes_one_sentence(source: str, reason: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        template(source)
    message = str(caught.value)
    assert re.search(reason, message)
    assert message.startswith("The chat template in folder/chat_template.jinja cannot be used: ")
    assert "\n" not in message
    assert len(message) < 400


LOOPS = {
    "empty loops": FOREVER.replace("BODY", ""),
    "loops of look-ups": FOREVER.replace("BODY", "{% if messages[0]['y'] %}{% endif %}"),
    "macros": "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(99) }}",
    "jinja's own loops": "{{ lipsum(n=99999999) }}",
}


@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS)
def test_a_loop_without_end_is_stopped(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_sandbox, "SECONDS", 0.1)
    start = time.thread_time()
    with pytest.raises(CheckpointError, match=r"it does not come to an end within 0\.1 s"):
        template(source)
    assert time.thread_time() - start < 1


def test_the_time_limit_leaves_a_debuggers_trace_in_place() -> None:
    def trace(frame: FrameType, event: str, argument: object) -> Any:
        return None

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        template(SHOW).render([say("x")])
        assert sys.gettrace() is trace
    finally:
        sys.settrace(previous)


def test_a_conversation_of_forty_turns_renders_in_a_moment() -> None:
    chat = template(CHAT_TEMPLATE)
    start = time.thread_time()
    rendered = chat.render([say("word " * 500, ("user", "assistant")[turn % 2]) for turn in range(40)])
    assert rendered.count("<end_of_utterance>") == 40
    assert time.thread_time() - start < 0.2
