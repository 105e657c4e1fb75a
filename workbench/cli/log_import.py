"""`workbench import-logs`: a web server's logs into the traffic of a website."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from stats_core.errors import ConfigurationError, InvalidOptionsError, NotFoundError, Problem, nearest
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import Advance, progress, say, tell

if TYPE_CHECKING:
    from ingest.log_import import FileReport, ImportOptions, ImportReport, Progress
    from ingest.logs.reasons import Refused
    from stats_core.composition import Workbench
    from stats_core.models import Website

DASHBOARD = "Website Traffic"
FLAGS = {"methods": "--method", "statuses": "--status"}
NUMBERS_SHOWN = 5  # line numbers per reason on the screen; the report file has more


def import_logs(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Logs, also .gz and .zst; - reads standard input.")
    ],
    website: Annotated[str, typer.Option("--website", metavar="ID", help="The website's id, or its domain.")],
    report_file: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the whole report there, as JSON.")
    ] = None,
    methods: Annotated[
        list[str] | None, typer.Option("--method", help="HTTP method that counts; default: GET.")
    ] = None,
    statuses: Annotated[list[str] | None, typer.Option("--status", help="Status that counts; default: 2xx.")] = None,
    keep_bots: Annotated[bool, typer.Option("--keep-bots", help="Count bots too.")] = False,
    keep_assets: Annotated[bool, typer.Option("--keep-assets", help="Count styles, scripts and images too.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Add the pages that people saw, as the logs of a web server tell, to a website's traffic.

    Apache's and nginx's common and combined formats are read, in any order of lines. Importing a file again, or a log
    that has grown, adds only what is new. Nothing stops at a line that cannot be read: it is counted, by reason.
    """
    from ingest import log_import
    from stats_core.traffic.rollups import roll_up_days

    with opened(database) as workbench:
        site = find_website(workbench, website)
        options = _options(methods=methods, statuses=statuses, keep_bots=keep_bots, keep_assets=keep_assets)
        with progress("import-logs") as advance:
            report = log_import.import_logs(
                workbench.database,
                site.id,
                files,
                secret=workbench.settings.secret(),
                options=options,
                on_progress=_progress_over(files, advance),
            )
        say(f"{report.lines:,} lines in {report.seconds:.1f} s; rolling up their days.")
        roll_up_days(workbench.database, days_to_roll_up(site, report), clock=workbench.clock)
        url = address_of_dashboard(workbench, site, report)
    if report_file:
        _write(report_file, report, url)
    for line in described(report):
        tell(line)
    if url:
        tell(f"\n{url}")
    else:
        say("No line of these logs is a page that a person saw, so there is nothing to show.")


def find_website(workbench: Workbench, wanted: str) -> Website:
    """The website of this id, else of this domain.

    Raises:
        NotFoundError: There is none; nothing is created without being asked for.
    """
    from stats_core.traffic.websites import list_websites

    sites = list_websites(workbench.database)
    found = [site for site in sites if site.id == wanted] or [site for site in sites if site.domain == wanted.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(site.id for site in found)
        raise NotFoundError("website", wanted, path="--website", hint=f"Several have this domain, name one: {ids}.")
    hint = f"Add it with `workbench website add {wanted if '.' in wanted else 'DOMAIN'}`."
    known = f" {nearest(wanted, [site.id for site in sites])}" if sites else ""
    raise NotFoundError("website", wanted, path="--website", hint=hint + known)


def days_to_roll_up(site: Website, report: ImportReport) -> set[tuple[str, date]]:
    """The days that changed, or all days of the log where lines of it were there already.

    The import that stored them may have been broken off before it came to its days.
    """
    if not report.duplicates or (ends := local_days(site, report)) is None:
        return set(report.days)
    first, last = ends
    log = {(site.id, first + timedelta(days=number)) for number in range((last - first).days + 1)}
    return log | report.days


def local_days(site: Website, report: ImportReport) -> tuple[date, date] | None:
    """The first and last day of the log, where the website is; None where it shows no page."""
    if report.first is None or report.last is None:
        return None
    zone = ZoneInfo(site.timezone)
    return report.first.astimezone(zone).date(), report.last.astimezone(zone).date()


def described(report: ImportReport) -> Iterator[str]:
    """What became of all lines, for people."""
    yield f"{'lines':<20}{report.lines:>12,}"
    yield f"{'stored':<20}{report.stored:>12,}"
    yield f"{'there already':<20}{report.duplicates:>12,}"
    yield from _by_reason("left out", report.left_out, lambda _reason: "")
    yield from _by_reason("refused", report.refused, lambda reason: _where(reason, report.files))
    for file in report.files:
        if file.fault:
            yield f"{file.name}: {file.fault}"


def as_document(report: ImportReport, url: str | None) -> dict[str, Any]:
    """The whole report as plain JSON values."""
    from pydantic import TypeAdapter

    document: dict[str, Any] = TypeAdapter(type(report)).dump_python(report, mode="json")
    days = sorted(day.isoformat() for _, day in report.days)
    return {**document, "lines": report.lines, "days": days, "url": url}


def address_of_dashboard(workbench: Workbench, site: Website, report: ImportReport) -> str | None:
    """Where the log's own days of this website are shown; None where it has none or the dashboard is gone."""
    from workbench.ui.choices import dashboard_url

    if (ends := local_days(site, report)) is None:
        return None
    page = workbench.dashboards.list(q=DASHBOARD)
    dashboard = next((item for item in page.items if item.name == DASHBOARD), None)
    if dashboard is None:
        say(f"There is no dashboard {DASHBOARD!r} to show this on. `workbench seed` creates it.")
        return None
    return dashboard_url(workbench.settings.public_url, dashboard.id, website=site.id, first=ends[0], last=ends[1])


def _options(**given: Any) -> ImportOptions:
    from pydantic import ValidationError

    from ingest.log_import import ImportOptions

    try:
        return ImportOptions(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = [
            Problem(FLAGS[str(fault["loc"][0])], fault["msg"].removeprefix("Value error, ")) for fault in error.errors()
        ]
        raise InvalidOptionsError(problems) from error


def _progress_over(files: list[str], advance: Advance) -> Callable[[Progress], None]:
    """Tells how far all files together have come."""
    sizes = [Path(file).stat().st_size for file in files if Path(file).is_file()]
    total = sum(sizes) if len(sizes) == len(files) else 0
    read: dict[str, int] = {}

    def on_progress(now: Progress) -> None:
        read[now.file] = now.position
        done = min(1.0, sum(read.values()) / total) if total else None
        advance(done, f"{now.lines:,} lines, {now.stored:,} stored")

    return on_progress


def _by_reason(title: str, counts: Mapping[Any, int], where: Callable[[Any], str]) -> Iterator[str]:
    yield f"{title:<20}{sum(counts.values()):>12,}"
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {reason:<18}{count:>12,}  {reason.description}{where(reason)}"


def _where(reason: Refused, files: tuple[FileReport, ...]) -> str:
    """The first lines refused for a reason, in the first file that has them."""
    file = next(file for file in files if reason in file.refused)
    lines = file.refused[reason]
    shown = ", ".join(map(str, lines.numbers[:NUMBERS_SHOWN]))
    return f": {file.name}, line{'s' if lines.count > 1 else ''} {shown}{' …' if lines.count > NUMBERS_SHOWN else ''}"


def _write(file: Path, report: ImportReport, url: str | None) -> None:
    import json

    try:
        file.write_text(json.dumps(as_document(report, url), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"The report cannot be written to {file}: {error.strerror}. The import itself is done."
        raise ConfigurationError(msg, hint="Run it again with another --report; nothing is counted twice.") from error
