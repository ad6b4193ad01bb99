import json

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tht_contracts.registry import EVENTS


@pytest.fixture
def export(script, monkeypatch):
    module = script("export_contracts")
    monkeypatch.setattr(module, "openapi_files", lambda: iter(()))
    return module


def test_what_was_written_agrees_until_something_changes(export, tmp_path, capsys):
    assert export.main([], tmp_path) == 0
    assert export.main(["--check"], tmp_path) == 0

    alien = tmp_path / "docs/events/registry.nothing.happened.v1.json"
    alien.write_text("{}")
    changed = tmp_path / "docs/asyncapi.yaml"
    changed.write_text("")
    capsys.readouterr()
    assert export.main(["--check"], tmp_path) == 1
    out = capsys.readouterr().out
    assert "asyncapi.yaml does not agree" in out
    assert "happened.v1.json belongs to nothing" in out

    assert export.main([], tmp_path) == 0
    assert not alien.exists()
    assert export.main(["--check"], tmp_path) == 0


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_each_example_fits_its_schema_and_one_that_a_later_minor_extends_fits_too(export, name):
    files = dict(export.event_files())
    schema = json.loads(files[f"docs/events/{name}.json"])
    example = json.loads(files[f"docs/events/examples/{name}.json"])
    validator = jsonschema.Draft202012Validator(schema)

    validator.validate(example["data"])
    validator.validate({**example["data"], "added_by_a_later_minor": 1})
    assert example["type"] == name
    assert example["subject"] == str(example["data"][schema["x-key"]])


def test_every_reference_of_the_asyncapi_document_leads_somewhere(export, tmp_path):
    export.main([], tmp_path)
    document = yaml.safe_load((tmp_path / "docs/asyncapi.yaml").read_text())

    def references(part):
        if isinstance(part, dict):
            for name, inner in part.items():
                if name == "$ref":
                    yield inner
                else:
                    yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    found = list(references(document))
    assert len(found) >= 3 * len(EVENTS)
    for reference in found:
        if reference.startswith("#/"):
            part = document
            for name in reference[2:].split("/"):
                part = part[name]
        else:
            assert (tmp_path / "docs" / reference).is_file()
