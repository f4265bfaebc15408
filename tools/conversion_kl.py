"""KL a token of conversions of a model of words, read over prompts alone: nothing is generated, so it takes a minute.

    python -m tools.conversion_kl SOURCE RESULT... --prompts tools/conversion_prompts.txt

The words of each prompt are predicted, not answers to it. Streams source and results layer by layer, as the check does.
"""

import argparse
from pathlib import Path

from convert.check.check_set import Item
from convert.check.comparison import compare, trace
from convert.check.streamed_model import StreamedModel
from mlx_model.loading.checkpoint import Checkpoint, load_to_stream
from mlx_model.prompting.prompt import Message, Text, build_prompt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--prompts", type=Path, required=True, help="text file with a question on each line")
    given = parser.parse_args()
    source = load_to_stream(given.source)
    items = [item(source, question) for question in given.prompts.read_text(encoding="utf-8").splitlines()]
    expected = trace(StreamedModel(source), items)
    print("| | size | KL a token | same first choice | tokens |\n|---|---|---|---|---|")
    for folder in given.results:
        found = compare(expected, StreamedModel(load_to_stream(folder)), items)
        size = sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 1e6
        figures = f"{size:.2f} MB | {found.kl_per_token:.4f} | {found.top1_agreement:.1%} | {found.tokens}"
        print(f"| {folder.name} | {figures} |", flush=True)


def item(checkpoint: Checkpoint, question: str) -> Item:
    """A prompt whose last words, the question and what the template puts behind it, are to be predicted."""
    message = Message("user", (Text(question),))
    assert checkpoint.template is not None, "a model that is asked things has a template"
    prompt = build_prompt([message], [], checkpoint.template, checkpoint.tokenizer, checkpoint.config)
    behind = 5
    return Item(message, prompt.ids, len(prompt.ids) - len(checkpoint.tokenizer.encode(question)) - behind, None)


if __name__ == "__main__":
    main()
