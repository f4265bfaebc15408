"""Which bits each part gets, and what happens to rows that no group divides."""

import pytest

from convert.recipe import BITS, Recipe, is_matrix, part_of
from mlx_model.config import Quantization

LINEAR = "language_model.layers.0.mlp.up_proj.weight"
FC2 = "vision_model.encoder.layers.0.mlp.fc2.weight"


def test_at_four_bits_the_decoder_has_four_and_every_other_part_eight() -> None:
    recipe = Recipe()

    assert recipe.quantization_for(LINEAR, (1536, 576)) == Quantization(64, 4)
    for name in (
        "language_model.embed_tokens.weight",
        "language_model.lm_head.weight",
        "connector.modality_projection.proj.weight",
        FC2,
    ):
        assert recipe.quantization_for(name, (576, 3072)) == Quantization(64, 8), name


@pytest.mark.parametrize("bits", [bits for bits in BITS if bits < 16])
def test_no_part_gets_fewer_bits_than_the_decoder(bits: int) -> None:
    recipe = Recipe(bits)

    assert recipe.quantization_for(LINEAR, (64, 64)) == Quantization(64, bits)
    careful = recipe.quantization_for(FC2, (64, 64))
    assert careful is not None and careful.bits == 8


def test_sixteen_bits_pack_nothing() -> None:
    assert Recipe(16).quantization_for(LINEAR, (64, 64)) is None


@pytest.mark.parametrize(
    ("group_size", "width", "used"),
    [(64, 576, 64), (128, 576, 64), (128, 960, 64), (128, 2048, 128), (64, 480, 32), (32, 576, 32), (64, 4304, None)],
)
def test_a_row_takes_the_largest_group_that_divides_it_or_stays(group_size: int, width: int, used: int | None) -> None:
    expected = Quantization(used, 4) if used else None
    assert Recipe(4, group_size).quantization_for(LINEAR, (8, width)) == expected


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("vision_model.embeddings.position_embedding.weight", (1024, 768)),
        ("vision_model.embeddings.patch_embedding.weight", (768, 16, 16, 3)),
        ("vision_model.encoder.layers.0.mlp.fc1.bias", (3072,)),
        ("language_model.norm.weight", (576,)),
    ],
)
def test_convolution_positions_norms_and_biases_are_never_packed(name: str, shape: tuple[int, ...]) -> None:
    assert not is_matrix(name, shape)
    assert Recipe().quantization_for(name, shape) is None


def test_every_parameter_belongs_to_a_part() -> None:
    assert part_of(FC2) == "vision"
    assert part_of("connector.modality_projection.proj.weight") == "connector"
    assert part_of("language_model.embed_tokens.weight") == "embeddings"
    assert part_of("language_model.lm_head.weight") == "head"
    assert part_of(LINEAR) == part_of("language_model.norm.weight") == "decoder"


def test_mixed_bits_raise_values_and_down_projections_of_the_outer_layers_alone() -> None:
    recipe = Recipe(4, mix="mixed").for_pictures(layers=16, weights=106_000_000)

    def bits(name: str) -> int | None:
        found = recipe.quantization_for(f"language_model.layers.{name}.weight", (64, 64))
        return found.bits if found else None

    assert [bits(f"{layer}.mlp.down_proj") for layer in (0, 1, 2, 13, 14, 15)] == [6, 6, 4, 4, 6, 6]
    assert (bits("0.self_attn.v_proj"), bits("0.self_attn.q_proj"), bits("15.mlp.up_proj")) == (6, 4, 4)
    assert Recipe(4).for_pictures(layers=16, weights=106_000_000) == Recipe(4)


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
def test_mixed_bits_are_careful_with_a_decoder_too_small_to_save_much(bits: int) -> None:
    recipe = Recipe(bits, mix="mixed").for_pictures(layers=6, weights=4_400_000)

    for name in (LINEAR, "language_model.embed_tokens.weight"):
        assert recipe.quantization_for(name, (64, 64)) == Quantization(64, 8)
    assert str(recipe) == f"{bits} bits in groups of 64, 8 for language_model.layers.*"
    assert Recipe(bits).for_pictures(layers=6, weights=4_400_000) == Recipe(bits)


@pytest.mark.parametrize(("bits", "raised"), [(2, 4), (3, 5), (4, 6), (5, 8), (6, 8)])
def test_mixed_bits_of_a_larger_decoder_end_at_eight(bits: int, raised: int) -> None:
    recipe = Recipe(bits, mix="mixed").for_pictures(layers=16, weights=106_000_000)
    assert {rule.bits for rule in recipe.rules} == {raised}


def test_a_model_of_words_alone_has_its_table_in_the_decoders_bits_and_small_groups() -> None:
    recipe = Recipe(3).for_words_alone()

    assert recipe.quantization_for("language_model.embed_tokens.weight", (64, 64)) == Quantization(32, 3)
    assert recipe.quantization_for(LINEAR, (1536, 576)) == Quantization(64, 3)
