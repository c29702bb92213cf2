from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import attrs
import pytest

from bellwire.core.errors import PluginError
from bellwire.core.plugins import ChannelTypes, Claim, TypeInfo, disabled_channels, installed_claims
from bellwire.hookspecs import Channel, ChannelConfig, ChannelContext, channel_config, setting

if TYPE_CHECKING:
    from tests.unit.plugins.conftest import Installer


@channel_config
class FaxConfig(ChannelConfig):
    number: str = setting(default="", title="Number")

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


def types(*disabled: str) -> ChannelTypes:
    return ChannelTypes(disabled=disabled)


def listed(registry: ChannelTypes, name: str) -> list[TypeInfo]:
    return [info for info in registry.listing() if info.name == name]


def test_an_entry_points_name_is_the_type_and_its_class_is_the_config(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_one:PagerConfig", version="1.2", pager_one=install.pager)

    registry = types()

    assert "pager" in registry.names()
    assert registry.get("pager").__name__ == "PagerConfig"
    assert listed(registry, "pager") == [
        TypeInfo(
            name="pager", distribution="bellwire-pager", version="1.2", config_class=registry.get("pager"), error=None
        )
    ]


def test_nothing_is_imported_before_somebody_asks_for_the_type(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_two:PagerConfig", pager_two=install.pager)
    install("bellwire-other", "other = other_two:PagerConfig", other_two=install.pager)
    registry = types()

    registry.names()
    with pytest.raises(PluginError):
        registry.get("pagr")
    assert registry.name_of(FaxConfig) is None
    assert not {"pager_two", "other_two"} & set(sys.modules)

    registry.get("pager")
    assert "pager_two" in sys.modules
    assert "other_two" not in sys.modules


def test_entry_points_are_read_once() -> None:
    reads: list[int] = []

    def installed() -> tuple[Claim, ...]:
        reads.append(1)
        return ()

    registry = ChannelTypes(disabled=(), installed=installed)
    assert reads == []
    registry.names()
    registry.register("fax", FaxConfig)
    registry.get("fax")
    registry.listing()
    assert reads == [1]


def test_an_unknown_type_is_told_with_the_one_that_was_meant(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_three:PagerConfig")

    with pytest.raises(PluginError, match=r"^no channel type 'pagr', did you mean 'pager'\?$"):
        types().get("pagr")


def test_an_unknown_type_like_no_other_is_told_with_what_there_is() -> None:
    registry = ChannelTypes(disabled=(), installed=tuple)
    with pytest.raises(PluginError, match=r"^no channel type 'fax'; there are none\. Install the package that brings"):
        registry.get("fax")

    registry.register("fax", FaxConfig)
    with pytest.raises(PluginError, match=r"^no channel type 'telegraph'; there are fax\."):
        registry.get("telegraph")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
        ("class Other: ...", "AttributeError: module 'broken_pager' has no attribute 'PagerConfig'"),
        ("def oh(:", "SyntaxError: invalid syntax (broken_pager.py, line 1)"),
    ],
)
def test_a_type_that_cannot_be_imported_is_shown_and_disturbs_no_other(
    install: Installer, source: str, reason: str
) -> None:
    install("bellwire-pager", "pager = broken_pager:PagerConfig", version="0.9", broken_pager=source)
    install("bellwire-fine", "fine = fine_pager:PagerConfig", fine_pager=install.pager)
    registry = types()

    place = "the channel type 'pager' of bellwire-pager 0.9 cannot be imported from broken_pager:PagerConfig"
    sentence = f"{place}: {reason}"
    (info,) = listed(registry, "pager")
    assert (info.error, info.config_class) == (sentence, None)
    (fine,) = listed(registry, "fine")
    assert fine.error is None
    with pytest.raises(PluginError) as caught:
        registry.get("pager")
    assert str(caught.value) == sentence


def test_a_broken_module_is_imported_once_however_often_it_is_asked_for(install: Installer) -> None:
    counting = "import sys; sys.counted = getattr(sys, 'counted', 0) + 1; raise RuntimeError"
    install("bellwire-pager", "pager = counting_pager:PagerConfig", counting_pager=counting)
    registry = types()

    for _ in range(3):
        with pytest.raises(PluginError):
            registry.get("pager")
    assert sys.__dict__.pop("counted") == 1


def test_two_distributions_that_claim_one_name_are_both_named_and_neither_is_imported(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_a:PagerConfig", version="1.0", pager_a=install.pager)
    install("other-pager", "pager = pager_b:PagerConfig\nother = pager_b:PagerConfig", version="2.0", pager_b="")
    registry = types()

    with pytest.raises(PluginError) as caught:
        registry.get("pager")
    assert str(caught.value) == (
        "the channel type 'pager' is claimed by other-pager 2.0 (pager_b:PagerConfig) and bellwire-pager 1.0 "
        "(pager_a:PagerConfig); uninstall one of them"
    )
    assert "pager_a" not in sys.modules
    both = listed(registry, "pager")
    assert [info.distribution for info in both] == ["other-pager", "bellwire-pager"]
    assert all(info.error and "claimed by" in info.error for info in both)


def test_a_distribution_that_is_found_twice_claims_once(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_c:PagerConfig", version="1.0", pager_c=install.pager)
    install("Bellwire.Pager", "pager = pager_c:PagerConfig", version="1.1.dev0")

    assert types().get("pager").__name__ == "PagerConfig"


def test_a_distribution_without_readable_metadata_disturbs_no_other(
    install: Installer, caplog: pytest.LogCaptureFixture
) -> None:
    broken = install("bellwire-broken", "pager = nowhere:PagerConfig")
    (broken / "METADATA").unlink()
    (broken / "entry_points.txt").write_bytes(b"[bellwire.channels]\nb\xff = x:Y\n")
    install("bellwire-fine", "fine = fine_d:PagerConfig", fine_d=install.pager)

    assert "fine" in types().names()
    assert "the entry points of" in caplog.text
    assert "bellwire_broken-1.0.dist-info cannot be read: UnicodeDecodeError" in caplog.text


def test_a_disabled_type_is_not_even_imported(install: Installer) -> None:
    crash = "raise SystemError('it would take the process down')"
    install("bellwire-pager", "pager = pager_e:PagerConfig", pager_e=crash)
    registry = types("pager")

    with pytest.raises(PluginError, match="the channel type 'pager' is disabled by BELLWIRE_DISABLED_CHANNELS"):
        registry.get("pager")
    (info,) = listed(registry, "pager")
    assert info.disabled
    assert (info.config_class, info.error) == (None, None)
    assert "pager_e" not in sys.modules


def test_what_is_disabled_comes_from_the_environment_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWIRE_DISABLED_CHANNELS", " pager,, ops ,")

    assert ChannelTypes().disabled == {"pager", "ops"}
    assert ChannelTypes(disabled=()).disabled == frozenset()
    assert disabled_channels({}) == frozenset()


def test_a_host_registers_a_type_in_code() -> None:
    registry = types()
    registry.register("fax", FaxConfig)
    registry.register("fax", FaxConfig)  # once more the same: an application's factory may run twice

    assert registry.get("fax") is FaxConfig
    assert registry.name_of(FaxConfig) == "fax"
    assert listed(registry, "fax") == [TypeInfo(name="fax", config_class=FaxConfig)]


def test_a_name_that_is_taken_is_refused_with_who_took_it(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_f:PagerConfig", version="3.1", pager_f=install.pager)
    registry = types()

    with pytest.raises(PluginError, match=r"'pager' is provided by bellwire-pager 3\.1 already"):
        registry.register("pager", FaxConfig)

    registry.register("fax", FaxConfig)

    @channel_config
    class Other(FaxConfig):
        pass

    with pytest.raises(PluginError, match=r"'fax' is provided by .*FaxConfig already"):
        registry.register("fax", Other)


def test_registering_the_class_that_the_entry_point_names_changes_nothing(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_g:PagerConfig", pager_g=install.pager)
    registry = types()
    config_class = registry.get("pager")

    registry.register("pager", config_class)

    assert [info.distribution for info in listed(registry, "pager")] == ["bellwire-pager"]


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a=b", 'a"b', "a\nb"])
def test_a_name_that_could_not_be_written_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match="must not be empty nor hold blanks, commas, quotes or equals signs"):
        types().register(name, FaxConfig)


def test_the_type_of_a_class_is_found_without_importing_another(install: Installer) -> None:
    install("bellwire-pager", "pager = pager_h:Renamed", pager_h=f"{install.pager}\nRenamed = PagerConfig\n")
    install("bellwire-other", "other = other_h:PagerConfig", other_h=install.pager)
    config_class = types().get("pager")

    fresh = types()
    assert fresh.name_of(config_class) == "pager"
    assert fresh.name_of(FaxConfig) is None
    assert "other_h" not in sys.modules


def test_claims_of_other_groups_are_read_in_the_same_way(install: Installer) -> None:
    install("bellwire-pager", "page = pager_i:command", group="bellwire.commands", pager_i="command = 3")

    (claim,) = [each for each in installed_claims("bellwire.commands") if each.name == "page"]
    assert (claim.origin, claim.value, claim.load()) == ("bellwire-pager 1.0", "pager_i:command", 3)


def test_the_built_in_channels_are_found_like_anybody_elses() -> None:
    infos = {info.name: info for info in types().listing()}

    assert {"im", "webhook"} <= set(infos)
    assert {infos[name].distribution for name in ("im", "webhook")} == {"bellwire"}
    assert all(infos[name].error is None for name in ("im", "webhook"))


def test_infos_cannot_be_changed() -> None:
    info = TypeInfo(name="fax")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        info.name = "other"  # type: ignore[misc]  # that is the point
