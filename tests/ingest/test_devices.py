"""The kind of device behind an agent."""

from __future__ import annotations

import pytest

from ingest.agents import parse_agent
from ingest.devices import android_model

ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"


def android(model: str, browser: str = "Chrome/126.0.0.0 Mobile Safari/537.36") -> str:
    return f"Mozilla/5.0 (Linux; Android 13; {model}) {ENGINE} {browser}"


@pytest.mark.parametrize(
    "model",
    [
        "SM-T870", "SM-X510", "GT-P5110", "Lenovo TB-X605L", "Lenovo YT3-X90L", "KFTRWI", "AGS2-L09", "BAH3-AL00",
        "Nexus 7", "Pixel Tablet", "MediaPad T5", "M-MP10S2A3G", "iPlay_50", "TAB_10", "Surface Duo", "RCT6873W42",
        "TAQ-10283", "8094T_EEA", "CITI 7587 3G CS7201MG", "Mi Pad 4", "OPD2203", "ARCHOS 101 Saphir",
        "Teclast M40_EEA", "KIDS708", "BNTV650", "HTC Flyer P512",
    ],
)  # fmt: skip
def test_a_tablet_is_known_by_its_model_though_its_browser_says_mobile(model):
    assert parse_agent(android(model)).device_type == "tablet"


@pytest.mark.parametrize(
    "model",
    [
        "K", "SM-G991B", "SM-A505FN", "SAMSUNG SM-S918B", "Pixel 8 Pro", "M2101K6G", "Redmi Note 8 Pro", "CPH2219",
        "PADM00", "RMX3085", "moto g(60)", "ANE-LX1", "ELE-L29", "VOG-L29", "DNP-AN00", "XQ-BC52", "ASUS_I005D",
        "PadFone", "Coolpad_2041", "KLIPAD_V355", "V2278A", "LM-K510", "Nokia G21", "TECNO KI5q", "Infinix X6817",
        "OnePlus9Pro", "M bot 54", "MS50S", "W-K360",
    ],
)  # fmt: skip
def test_a_telephone_is_no_tablet(model):
    assert parse_agent(android(model)).device_type == "mobile"


@pytest.mark.parametrize(
    "text",
    [
        android("BRAVIA 4K VH2", "Chrome/91.0 Safari/537.36"),
        android("MIBOX4", "Chrome/91.0 Safari/537.36"),
        android("AFTMM", "Chrome/91.0 Mobile Safari/537.36"),
        android("32HK30G"),
        android("SHARP Shell 536D400XF54_FHD", "Chrome/91.0 Safari/537.36"),
        "Opera/9.80 (Linux mips; ) Presto/2.12.407 Version/12.51 MB95/3.3.6.X (TOSHIBA, Si2156LG32, wireless)",
        f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) {ENGINE} 76.0.3809.146/6.0 TV Safari/537.36",
        "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0",
        f"Mozilla/5.0 (Nintendo Switch; WebApplet) {ENGINE} NF/6.0.0.15.4 NintendoBrowser/5.1.0.20393",
        f"Mozilla/5.0 (X11; Linux x86_64) {ENGINE} Chrome/100.0.4896.127 Safari/537.36 Tesla/2022.20.8",
        f"Mozilla/5.0 (Linux; Android 12; Quest 2) {ENGINE} OculusBrowser/23.2 Chrome/104.0 VR Safari/537.36",
        "server-bag [Watch OS,8.4,19S546,Watch3,4]",
    ],
)
def test_televisions_consoles_cars_and_watches_are_other_devices(text):
    assert parse_agent(text).device_type == "other"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Mozilla/5.0 (PC; OpenHarmony 5.0) {ENGINE} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1", "desktop"),
        (f"Mozilla/5.0 (Phone; OpenHarmony 5.0) {ENGINE} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1 Mobile", "mobile"),
        (f"Mozilla/5.0 (Tablet; OpenHarmony 5.0) {ENGINE} Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1", "tablet"),
        ("Mozilla/5.0 (Windows NT 6.2; ARM; Trident/7.0; Touch; rv:11.0; WPDesktop; Lumia 535) like Gecko", "mobile"),
        ("Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; ARM; Trident/6.0; Touch)", "tablet"),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)", "desktop"),
        (f"Mozilla/5.0 (Linux; Android 11; Chromebook) {ENGINE} Chrome/96.0 Safari/537.36", "desktop"),
        ("[FBAN/FB4A;FBAV/80.0;FBLC/pt_BR;FBMF/LGE;FBBD/lge;FBDV/LG-H342;FBSV/5.0.1;FBOP/19;]", "mobile"),
        (android("RMX3619", "Chrome/116.0 YaSearchBrowser/23.99/apad webOmni SA/3 Mobile Safari/537.36"), "mobile"),
        (android("X500", "Chrome/116.0 YaSearchBrowser/23.99/apad webOmni SA/3 Mobile Safari/537.36"), "tablet"),
    ],
)
def test_what_vendors_document_of_their_agents_tells_the_device(text, expected):
    assert parse_agent(text).device_type == expected


def test_an_ipad_that_asks_for_desktop_pages_cannot_be_told_from_a_mac():
    safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
    assert parse_agent(f"{safari} Safari/605.1.15").device_type == "desktop"


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("mozilla/5.0 (linux; u; android 4.0.4; en-gb; qs0715c build/imm76i) applewebkit/534.30", "qs0715c"),
        ("mozilla/5.0 (linux; android 10; harmonyos; mrx-an19; hmscore 6.1) applewebkit", "mrx-an19"),
        ("mozilla/5.0 (android 11; mobile; lenovo yt-x705x; rv:129.0) gecko/129.0 firefox/129.0", "lenovo yt-x705x"),
        ("mozilla/5.0 (linux; 13; tb310xu) applewebkit/537.36", "tb310xu"),
        ("androiddownloadmanager/4.1.2 (linux; u; android 4.1.2; mediapad 7 build/huawei)", "mediapad 7"),
        ("mozilla/5.0 (windows phone 10.0; android 6.0.1; microsoft; lumia 950)", None),
        ("mozilla/5.0 (x11; linux x86_64)", None),
    ],
)
def test_the_model_stands_between_the_systems_version_and_its_build(text, model):
    assert android_model(text) == model
