"""Arguments of `corrigible policy, commitments, gate, bundle, verify, owners, disclose`: what `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, Positional, arg, subcommand

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer
    from corrigible.commands.gating import Asked

GateName: TypeAlias = Literal["continue-training", "internal-deployment", "external-deployment", "publication"]
AudienceName: TypeAlias = Literal["team", "partners", "public"]
PolicyName: TypeAlias = Positional[Annotated[str, arg(metavar="POLICY", help_behavior_hint="")]]
PolicyNames: TypeAlias = Positional[Annotated[tuple[str, ...], arg(metavar="POLICY ..", help_behavior_hint="")]]
RunPath: TypeAlias = Positional[Annotated[Path, arg(metavar="RUN", help_behavior_hint="")]]
EvidencePaths: TypeAlias = Positional[Annotated[tuple[Path, ...], arg(metavar="EVIDENCE ..", help_behavior_hint="")]]
OwnersFile: TypeAlias = Annotated[Path | None, unless_given("FILE", "nobody is named")]
WaiversFile: TypeAlias = Annotated[Path | None, unless_given("FILE", "none")]
Time: TypeAlias = Annotated[str | None, unless_given("TIME", "now")]


@dataclass(frozen=True)
class PolicyLint:
    """Find what is wrong with a policy: undefined levels, ungoverned gates, thresholds out of reach, no source."""

    policies: PolicyNames
    """Files, or names of those that ship. Exit code 3 where a fault keeps a gate from being decided."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.policies import answer_policy_lint

        return answer_policy_lint(self.policies)


@dataclass(frozen=True)
class PolicyDiff:
    """What changed between two versions of a policy, and whether it grew stronger or weaker."""

    before: Positional[Annotated[str, arg(metavar="BEFORE", help_behavior_hint="")]]
    """The older version."""
    after: Positional[Annotated[str, arg(metavar="AFTER", help_behavior_hint="")]]
    """The newer one."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.policies import answer_policy_diff

        return answer_policy_diff(self.before, self.after)


@dataclass(frozen=True)
class PolicyCompare:
    """Policies side by side on coverage, stringency, firmness and clarity; silence never beats a weak commitment."""

    policies: PolicyNames
    """Files, or names of those that ship."""
    at: Time = None
    """By the rules in force then: 2026-11-01T00:00:00Z."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.policies import answer_policy_compare

        return answer_policy_compare(self.policies, self.at)


PolicyCommand: TypeAlias = (
    Annotated[PolicyLint, subcommand(name="lint", prefix_name=False)]
    | Annotated[PolicyDiff, subcommand(name="diff", prefix_name=False)]
    | Annotated[PolicyCompare, subcommand(name="compare", prefix_name=False)]
)


@dataclass(frozen=True)
class Policies:
    """Safety policies as documents: lint, diff, compare (docs/oversight.md)."""

    command: OmitSubcommandPrefixes[PolicyCommand]
    """What to do with them."""

    @property
    def json_(self) -> bool:
        return self.command.json_

    def answer(self) -> "Answer":
        return self.command.answer()


@dataclass(frozen=True)
class CommitmentsDue:
    """What was promised and falls due, the most pressing first. Exit code 3 where something is overdue."""

    policies: PolicyNames
    """Files, or names of those that ship."""
    at: Time = None
    """As of then: 2026-11-01T00:00:00Z."""
    soon: str = "30 days"
    """What counts as soon: a whole number of hours, days or weeks."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.policies import answer_commitments

        return answer_commitments(self.policies, at=self.at, soon=self.soon)


@dataclass(frozen=True)
class CommitmentsList:
    """Every commitment with its source, word for word, and whether it was kept."""

    policies: PolicyNames
    """Files, or names of those that ship."""
    at: Time = None
    """As of then: 2026-11-01T00:00:00Z."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.policies import answer_commitments_list

        return answer_commitments_list(self.policies, at=self.at)


@dataclass(frozen=True)
class Commitments:
    """Commitments of policies: what is due, and what was promised in which words."""

    command: OmitSubcommandPrefixes[
        Annotated[CommitmentsDue, subcommand(name="due", prefix_name=False)]
        | Annotated[CommitmentsList, subcommand(name="list", prefix_name=False)]
    ]
    """What to ask."""

    @property
    def json_(self) -> bool:
        return self.command.json_

    def answer(self) -> "Answer":
        return self.command.answer()


@dataclass(frozen=True)
class _Question:
    policy: PolicyName
    """A policy: a file, or the name of one that ships."""
    evidence: EvidencePaths = ()
    """Run folders, attestations (.yaml), logs of Inspect (.eval)."""
    gate: GateName = "internal-deployment"
    """Which gate."""
    owners: OwnersFile = None
    """Register of who decides what."""
    waivers: WaiversFile = None
    """Rules that somebody passes over: owner, reason, expiry; always shown."""
    at: Time = None
    """When it is decided: 2026-11-01T00:00:00Z."""

    def asked(self) -> "Asked":
        from corrigible.commands.gating import Asked

        return Asked(
            policy=self.policy,
            gate=self.gate,
            evidence=self.evidence,
            owners=self.owners,
            waivers=self.waivers,
            at=self.at,
        )


@dataclass(frozen=True)
class Gate(_Question):
    """Ask a policy whether a gate opens on this evidence. Exit code 0 allow, 3 deny, 4 unknown (which never allows)."""

    page: Annotated[Path | None, unless_given("FILE", "no page")] = None
    """Write a page here that a decision maker reads in three minutes."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gating import answer_gate

        return answer_gate(self.asked(), page=self.page)


@dataclass(frozen=True)
class Bundle(_Question):
    """Decision and evidence in one sealed folder, to leave the house: each run must be released to its audience."""

    out: Path = Path("bundle")
    """Folder to make; it must not exist."""
    audience: AudienceName = "team"
    """Who will get it."""
    withhold: tuple[str, ...] = ()
    """Items of which the digest alone goes in: patterns such as 'runs/*'."""
    because: str = ""
    """Why they are withheld."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gating import answer_bundle

        return answer_bundle(
            self.asked(), out=self.out, audience=self.audience, withhold=self.withhold, because=self.because
        )


@dataclass(frozen=True)
class Verify:
    """Hold every file of a bundle against its digest. Exit code 6 where anything was changed, added or taken out."""

    bundle: Positional[Annotated[Path, arg(metavar="BUNDLE", help_behavior_hint="")]]
    """Folder of a bundle."""
    sha256: Annotated[str | None, unless_given("DIGEST", "any manifest")] = None
    """sha256 of its manifest, as it was kept elsewhere: who could change the files could change the manifest too."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gating import answer_verify

        return answer_verify(self.bundle, sha256=self.sha256)


OwnersPath: TypeAlias = Positional[Annotated[Path, arg(metavar="FILE", help_behavior_hint="")]]


@dataclass(frozen=True)
class OwnersLint:
    """Find what keeps a decision from being made in time by the right person: circles, self-approval, empty seats."""

    file: OwnersPath
    """Register of who decides what. Exit code 3 where it cannot be used."""
    policy: Annotated[str | None, unless_given("POLICY", "none")] = None
    """A policy whose commitments name owners."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.policies import answer_owners_lint

        return answer_owners_lint(self.file, self.policy)


@dataclass(frozen=True)
class OwnersWho:
    """Who has to decide something, and by when: recusals passed over, escalation followed."""

    file: OwnersPath
    """Register of who decides what."""
    decision: Positional[Annotated[str, arg(metavar="DECISION", help_behavior_hint="")]]
    """One of its decisions, such as internal-deployment."""
    asked: Time = None
    """When it was asked for."""
    at: Annotated[str | None, unless_given("TIME", "when it was asked")] = None
    """Who has to decide then: later, it may have been escalated."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.policies import answer_who

        return answer_who(self.file, self.decision, asked=self.asked, at=self.at)


@dataclass(frozen=True)
class Owners:
    """Who decides what: lint a register, or ask it."""

    command: OmitSubcommandPrefixes[
        Annotated[OwnersLint, subcommand(name="lint", prefix_name=False)]
        | Annotated[OwnersWho, subcommand(name="who", prefix_name=False)]
    ]
    """What to do with it."""

    @property
    def json_(self) -> bool:
        return self.command.json_

    def answer(self) -> "Answer":
        return self.command.answer()


@dataclass(frozen=True)
class Hold:
    """Hold a run back from now on. It costs nothing: neither a name nor a reason is asked."""

    run: RunPath
    """Folder of the run."""
    by: str = ""
    """Who holds it."""
    reason: str = ""
    """Why."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.disclosing import answer_hold

        return answer_hold(self.run, by=self.by, reason=self.reason)


@dataclass(frozen=True)
class Release:
    """Release a run to an audience; what cannot be recalled takes two names."""

    run: RunPath
    """Folder of the run."""
    owner: str
    """Who answers for it."""
    reason: str
    """Why this run, for these people."""
    audience: AudienceName = "team"
    """Who may see it; public cannot be recalled."""
    irreversible: bool = False
    """It cannot be recalled."""
    second: str = ""
    """Another person who agrees."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.disclosing import answer_release

        return answer_release(
            self.run,
            owner=self.owner,
            audience=self.audience,
            reason=self.reason,
            irreversible=self.irreversible,
            second=self.second,
        )


@dataclass(frozen=True)
class DisclosureStatus:
    """Where a run stands, and how it came there."""

    run: RunPath
    """Folder of the run."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.disclosing import answer_status

        return answer_status(self.run)


@dataclass(frozen=True)
class Disclose:
    """Who may see a run: held unless somebody releases it."""

    command: OmitSubcommandPrefixes[
        Annotated[Hold, subcommand(name="hold", prefix_name=False)]
        | Annotated[Release, subcommand(name="release", prefix_name=False)]
        | Annotated[DisclosureStatus, subcommand(name="status", prefix_name=False)]
    ]
    """What to do."""

    @property
    def json_(self) -> bool:
        return self.command.json_

    def answer(self) -> "Answer":
        return self.command.answer()
