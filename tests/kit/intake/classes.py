"""Small classes as systems export them and people keep them, with the rows that are right and what is nobody's."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from intake.files import ESSAY, HALF, PDF, RIGHT, STUB, TWICE, At, Content, Files, Link, notebook, tarred, zipped

WEB_PAGE, IS_PDF = "it is a web page, which is not read", "it is a PDF, which is not read"
TABLE, SYSTEMS = "it is a table or a list, nobody's work", "a system made it"
NOTHING = "nothing was handed in"


@dataclass(frozen=True)
class Row:
    """One student's row: how tables name them, their id, the work that counts for `scale` and under what name."""

    label: str
    id: str = ""
    used: str = "scale.py"
    work: str = RIGHT
    aside: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""
    email: str = ""
    section: str = ""


def none(label: str, id: str = "", problem: str = NOTHING, email: str = "", section: str = "") -> Row:
    """The row of somebody of whose hand-in nothing counts."""
    return Row(label, id, "", "", problem=problem, email=email, section=section)


@dataclass(frozen=True)
class Class:
    """A class: its entries, the rows that are right in their order, what is nobody's, and what a person should see."""

    name: str
    entries: Files
    rows: tuple[Row, ...]
    aside: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    pattern: str | None = None
    roster: str | bytes = ""
    system: str = "plain"


def same_work(*names: str, work: Content = RIGHT) -> dict[str, Content]:
    return dict.fromkeys(names, work)


CANVAS = (
    Class("canvas", same_work("lovelaceada_12345_678901_scale.py", "turingalan_12346_678902_scale.py"),
          (Row("lovelaceada", "12345"), Row("turingalan", "12346")), system="canvas"),
    Class("canvas-late-and-again",
          {"lovelaceada_LATE_12345_678901_scale-1.py": RIGHT, "lovelaceada_12345_678800_scale.py": HALF,
           "turingalan_LATE_12346_678902_scale.py": RIGHT},
          (Row("lovelaceada", "12345", "scale-1.py", aside={"scale.py": "scale-1.py is newer and counts"},
               notes=("Canvas marked it LATE", "scale-1.py was read as")),
           Row("turingalan", "12346", notes=("Canvas marked it LATE",))), system="canvas"),
    Class("canvas-again-under-another-name",
          {"lovelaceada_12345_678901_hw.py": RIGHT, "lovelaceada_12345_678800_scale-5.py": HALF},
          (Row("lovelaceada", "12345", "scale-5.py", HALF, aside={"hw.py": "it is no file of the course"},
               notes=("scale-5.py was read as",)),), system="canvas"),
    Class("canvas-two-of-one-name",
          same_work("zhangwei_12345_678901_scale.py", "zhangwei_54321_678950_scale.py",
                    "noetheremmy_1002_678903_scale.py"),
          (Row("noetheremmy", "1002"), Row("zhangwei (12345)", "12345"), Row("zhangwei (54321)", "54321")),
          system="canvas"),
    Class("canvas-anonymous",
          {"anon_a1B2c_678901_scale.py": RIGHT, "LATE_anon_zZ9x8_678902_scale.py": RIGHT,
           "anon_QQ111_678903_scale.ipynb": notebook(RIGHT)},
          (Row("anon_QQ111", "anon_QQ111", "scale.ipynb"), Row("anon_a1B2c", "anon_a1B2c"),
           Row("anon_zZ9x8", "anon_zZ9x8", notes=("Canvas marked it LATE",))), system="canvas"),
    Class("canvas-groups",
          same_work("team_7_12345_678901_scale.py", "team_8_12346_678902_scale-2.py",
                    "projectgroup3_12347_678903_scale.py", "a_1_b_2_LATE_12348_678904_scale.py"),
          (Row("a_1_b_2", "12348", notes=("Canvas marked it LATE",)), Row("projectgroup3", "12347"),
           Row("team_7", "12345"), Row("team_8", "12346", "scale-2.py", notes=("scale-2.py was read as",))),
          system="canvas"),
    Class("canvas-typed-and-links",
          {"lovelaceada_12345_text.html": "<p>x</p>", "turingalan_LATE_12346_link.html": "<a>",
           "noetheremmy_12347_text.html": "<p>", "noetheremmy_12347_678901_scale.py": RIGHT},
          (Row("lovelaceada", "12345", "", "", {"text.html": "it was typed into Canvas"},
               problem="it was typed into Canvas"),
           Row("noetheremmy", "12347", aside={"text.html": "it was typed into Canvas"}),
           Row("turingalan", "12346", "", "", {"link.html": "it is a link to a page"},
               notes=("Canvas marked it LATE",), problem="it is a link to a page")), system="canvas"),
    Class("canvas-several-files-and-zips",
          {"lovelaceada_12345_678901_scale.py": RIGHT, "lovelaceada_12345_678902_twice.py": TWICE,
           "lovelaceada_12345_678903_essay.md": ESSAY, "lovelaceada_12345_678904_essay.pdf": PDF,
           "turingalan_12346_678905_hw.zip": zipped({"ch1_mini/scale.py": HALF}),
           "turingalan_12346_678999_hw-1.zip": zipped({"ch1_mini/scale.py": RIGHT})},
          (Row("lovelaceada", "12345", aside={"essay.pdf": IS_PDF}),
           Row("turingalan", "12346", "hw-1.zip/ch1_mini/scale.py",
               aside={"hw.zip/ch1_mini/scale.py": "hw-1.zip/ch1_mini/scale.py is newer and counts"})),
          system="canvas"),
    Class("canvas-names-with-underscores-in-files",
          same_work("lovelaceada_12345_678901_my_scale_12_34_scale.py", "turingalan_12346_678902_scale.py"),
          (Row("lovelaceada", "12345", "my_scale_12_34_scale.py", notes=("was read as",)),
           Row("turingalan", "12346")), system="canvas"),
    Class("canvas-with-the-gradebook-beside",
          {**same_work("lovelaceada_12345_678901_scale.py", "turingalan_12346_678902_scale.py"),
           "grades.csv": "Student,ID\n", ".DS_Store": b"\0", "notes to self.txt": "x"},
          (Row("lovelaceada", "12345"), Row("turingalan", "12346")),
          {"grades.csv": TABLE, ".DS_Store": SYSTEMS, "notes to self.txt": "its name is not one that Canvas gives"},
          system="canvas"),
    Class("canvas-one-student", same_work("lovelaceada_12345_678901_scale.py"), (Row("lovelaceada", "12345"),),
          system="canvas"),
    Class("canvas-one-student-whose-zip-holds-a-systems-names",
          {"lovelaceada_12345_678901_hw.zip": zipped({"Ada - scale.py": RIGHT})},
          (Row("lovelaceada", "12345", "Ada - scale.py", notes=("was read as",)),), system="canvas"),
)  # fmt: skip

MOODLE = (
    Class("moodle",
          same_work("Ada Lovelace_12345_assignsubmission_file_/scale.py",
                    "Alan Turing_12346_assignsubmission_file/scale.py"),
          (Row("Ada Lovelace", "12345"), Row("Alan Turing", "12346")), system="moodle"),
    Class("moodle-without-folders",
          same_work("Ada Lovelace_12345_assignsubmission_file_scale.py",
                    "Alan Turing_12346_assignsubmission_file_scale (1).py"),
          (Row("Ada Lovelace", "12345"),
           Row("Alan Turing", "12346", "scale (1).py", notes=("scale (1).py was read as",))), system="moodle"),
    Class("moodle-typed-and-files",
          {"Ada Lovelace_12345_assignsubmission_file_/scale.py": RIGHT,
           "Ada Lovelace_12345_assignsubmission_onlinetext_/onlinetext.html": "<p>",
           "Alan Turing_12346_assignsubmission_onlinetext_/onlinetext.html": "<p>"},
          (Row("Ada Lovelace", "12345", "Ada Lovelace_12345_assignsubmission_file_/scale.py",
               aside={"Ada Lovelace_12345_assignsubmission_onlinetext_/onlinetext.html": "it was typed into Moodle"}),
           Row("Alan Turing", "12346", "", "", {"onlinetext.html": "it was typed into Moodle"},
               problem="it was typed into Moodle")), system="moodle"),
    Class("moodle-blind",
          {f"Participant_{number}_assignsubmission_file_/scale.py": RIGHT for number in (300, 305, 1305)},
          (Row("Participant 1305", "1305"), Row("Participant 300", "300"), Row("Participant 305", "305")),
          system="moodle"),
    Class("moodle-names-of-many-kinds",
          same_work("Ada_King Lovelace_12345_assignsubmission_file_/scale.py",
                    "Group A-Emmy Noether_12346_assignsubmission_file_/scale.py",
                    "Student 7_12347_assignsubmission_file_/scale.py",
                    "Ærøskøbing Ñandú_12348_assignsubmission_file_/scale.py",
                    "O'Brien, Dara_12349_assignsubmission_file_/scale.py"),
          (Row("Ada_King Lovelace", "12345"), Row("Group A-Emmy Noether", "12346"), Row("O'Brien, Dara", "12349"),
           Row("Student 7", "12347"), Row("Ærøskøbing Ñandú", "12348")), system="moodle"),
    Class("moodle-two-of-one-name",
          same_work("Wei Zhang_1_assignsubmission_file_/scale.py", "Wei Zhang_22_assignsubmission_file_/scale.py"),
          (Row("Wei Zhang (1)", "1"), Row("Wei Zhang (22)", "22")), system="moodle"),
    Class("moodle-zip-in-its-folder",
          {"Ada Lovelace_12345_assignsubmission_file_/hw.zip": zipped({"scale.py": RIGHT})},
          (Row("Ada Lovelace", "12345", "hw.zip/scale.py"),), system="moodle"),
    Class("moodle-blind-with-the-grading-sheet",
          same_work("Participant_305_assignsubmission_file_/scale.py",
                    "Participant_306_assignsubmission_file_/scale.py"),
          (Row("Participant 305", "305"), Row("Participant 306", "306"), none("Participant 307", "307")),
          roster="Identifier,Status,Grade,Maximum Grade\nParticipant 305,Submitted,,10\nParticipant 306,Submitted,,10\n"
                 "Participant 307,No submission,,10\n", system="moodle"),
)  # fmt: skip


def metadata(*submissions: str) -> str:
    return "---\n" + "".join(submissions)


def submission(number: int, *people: tuple[str, str, str], at: str = "2027-02-20 10:00:00.000000000 Z") -> str:
    listed = "".join(f"  - :name: {n}\n    :sid: {s}\n    :email: {e}\n" for n, s, e in people)
    created = f"  :created_at: {at}\n" if at else ""
    return f"submission_{number}:\n  :submitters:\n{listed}{created}  :score: 0.0\n"


ADA, ALAN = ("Ada Lovelace", "'111'", "ada@example.org"), ("Alan Turing", "'112'", "alan@example.org")
GRADESCOPE = (
    Class("gradescope",
          {"submission_7001/scale.py": RIGHT, "submission_7002/scale.py": RIGHT,
           "submission_metadata.yml": metadata(submission(7001, ADA), submission(7002, ALAN))},
          (Row("Ada Lovelace", "111", email="ada@example.org"), Row("Alan Turing", "112", email="alan@example.org")),
          system="gradescope"),
    Class("gradescope-group",
          {"submission_7001/scale.py": RIGHT, "submission_metadata.yml": metadata(submission(7001, ADA, ALAN))},
          (Row("Ada Lovelace", "111", email="ada@example.org", notes=("handed in together with Alan Turing",)),
           Row("Alan Turing", "112", email="alan@example.org", notes=("handed in together with Ada Lovelace",))),
          system="gradescope"),
    Class("gradescope-one-person-in-two",
          {"submission_7001/scale.py": HALF, "submission_7002/scale.py": RIGHT,
           "submission_metadata.yml": metadata(submission(7001, ADA, ALAN),
                                               submission(7002, ADA, at="2027-02-21 10:00:00 Z"))},
          (Row("Ada Lovelace", "111", "submission_7002/scale.py", email="ada@example.org",
               aside={"submission_7001/scale.py": "submission_7002/scale.py is newer and counts"},
               notes=("handed in together with Alan Turing",)),
           Row("Alan Turing", "112", work=HALF, email="alan@example.org",
               notes=("handed in together with Ada Lovelace",))),
          system="gradescope"),
    Class("gradescope-without-metadata", same_work("submission_7001/scale.py", "submission_7002/scale.py"),
          (Row("submission_7001", "7001"), Row("submission_7002", "7002")), system="gradescope"),
    Class("gradescope-one-is-not-in-the-metadata",
          {**same_work("submission_7001/scale.py", "submission_7009/scale.py"),
           "submission_metadata.yml": metadata(submission(7001, ADA))},
          (Row("Ada Lovelace", "111", email="ada@example.org"), Row("submission_7009", "7009")), system="gradescope"),
    Class("gradescope-without-ids-or-mail",
          {**same_work("submission_7001/scale.py", "submission_7002/scale.py", "submission_7003/scale.py"),
           "submission_metadata.yml": metadata(submission(7001, ("Wei Zhang", "", "w1@example.org")),
                                               submission(7002, ("Wei Zhang", "", "w2@example.org")),
                                               submission(7003, ("Emmy Noether", "", "''")))},
          (Row("Emmy Noether"), Row("Wei Zhang", email="w1@example.org"),
           Row("Wei Zhang (2)", email="w2@example.org")), system="gradescope"),
    Class("gradescope-two-of-one-name",
          {**same_work("submission_7001/scale.py", "submission_7002/scale.py"),
           "submission_metadata.yml": metadata(submission(7001, ("Wei Zhang", "'5'", "")),
                                               submission(7002, ("Wei Zhang", "'6'", "")))},
          (Row("Wei Zhang (5)", "5"), Row("Wei Zhang (6)", "6")),
          system="gradescope"),
)  # fmt: skip


def receipt(name: str, user: str) -> str:
    return (f"Name: {name} ({user})\nAssignment: Homework 1\nDate Submitted: Saturday, February 27, 2027\n"
            f"Current Grade: Needs Grading\n\nFiles:\n\tOriginal filename: scale.py\n")  # fmt: skip


FIRST, SECOND = "2027-02-27-23-01-11", "2027-02-28-08-00-00"
BLACKBOARD = (
    Class("blackboard",
          {f"Homework 1_alovelace_attempt_{FIRST}_scale.py": RIGHT,
           f"Homework 1_alovelace_attempt_{FIRST}.txt": receipt("Ada Lovelace", "alovelace"),
           f"Homework 1_aturing_attempt_{FIRST}_scale.py": RIGHT,
           f"Homework 1_aturing_attempt_{FIRST}.txt": receipt("Alan Turing", "aturing")},
          (Row("Ada Lovelace", "alovelace"), Row("Alan Turing", "aturing")), system="blackboard"),
    Class("blackboard-two-attempts",
          {f"HW_1_alovelace_attempt_{FIRST}_scale.py": HALF, f"HW_1_alovelace_attempt_{SECOND}_scale.py": RIGHT,
           f"HW_1_aturing_attempt_{FIRST}_scale.ipynb": notebook(RIGHT)},
          (Row("alovelace", "alovelace", aside={"scale.py": "is newer and counts"}),
           Row("aturing", "aturing", "scale.ipynb")), system="blackboard"),
    Class("blackboard-names-with-underscores",
          same_work(f"Home_work_1_ada_l_attempt_{FIRST}_scale.py", f"Home_work_1_a_turing_attempt_{FIRST}_scale.py",
                    f"Home_work_1_noether_attempt_{FIRST}_my_scale.py"),
          (Row("a_turing", "a_turing"), Row("ada_l", "ada_l"),
           Row("noether", "noether", "my_scale.py", notes=("was read as",))), system="blackboard"),
    Class("blackboard-receipts-alone",
          {f"Homework 1_alovelace_attempt_{FIRST}.txt": receipt("Ada Lovelace", "alovelace"),
           f"Homework 1_aturing_attempt_{FIRST}_scale.py": RIGHT},
          (none("Ada Lovelace", "alovelace", "nothing is in it"), Row("aturing", "aturing")), system="blackboard"),
    Class("blackboard-one-student-with-receipt",
          {f"Home_work_1_ada_l_attempt_{FIRST}_scale.py": RIGHT,
           f"Home_work_1_ada_l_attempt_{FIRST}.txt": receipt("Ada Lovelace", "ada_l")},
          (Row("Ada Lovelace", "ada_l"),), system="blackboard"),
    Class("blackboard-a-text-of-that-name",
          {f"Homework 1_alovelace_attempt_{FIRST}_receipt.txt": "mine", f"Homework 1_b_attempt_{FIRST}_scale.py": RIGHT,
           f"Homework 1_alovelace_attempt_{FIRST}_scale.py": RIGHT},
          (Row("alovelace", "alovelace", aside={"receipt.txt": "it is no file of the course"}), Row("b", "b")),
          system="blackboard"),
)  # fmt: skip

CLASSROOM = (
    Class("classroom",
          {"Ada Lovelace - scale.ipynb": notebook(RIGHT), "Alan Turing - scale.ipynb": notebook(RIGHT)},
          (Row("Ada Lovelace", used="scale.ipynb"), Row("Alan Turing", used="scale.ipynb")), system="classroom"),
    Class("classroom-copies",
          {"Ada Lovelace - scale.ipynb": notebook(HALF), "Ada Lovelace - scale (1).ipynb": notebook(RIGHT),
           "Copy of Alan Turing - scale.ipynb": notebook(RIGHT), "Emmy Noether - scale.py(1)": RIGHT,
           "Jean-Luc Picard - Copy of scale.ipynb": notebook(RIGHT)},
          (Row("Ada Lovelace", used="scale (1).ipynb", aside={"scale.ipynb": "only one file can"},
               notes=("scale (1).ipynb was read as",)),
           Row("Alan Turing", used="scale.ipynb"),
           Row("Emmy Noether", used="scale.py(1)", notes=("was read as",)),
           Row("Jean-Luc Picard", used="Copy of scale.ipynb", notes=("was read as",))), system="classroom"),
    Class("classroom-two-exercises-and-a-pdf",
          {"Ada Lovelace - scale.py": RIGHT, "Ada Lovelace - twice.py": TWICE, "Alan Turing - homework.pdf": PDF,
           "Emmy Noether - scale.py": RIGHT},
          (Row("Ada Lovelace"), Row("Alan Turing", "", "", "", {"homework.pdf": IS_PDF}, problem=IS_PDF),
           Row("Emmy Noether")), system="classroom"),
)  # fmt: skip

PLAIN = (
    Class("plain",
          {"ada/ch1_mini/scale.py": RIGHT, "ben.zip": zipped({"scale.py": RIGHT}),
           "cy.tar.gz": tarred({"scale.py": RIGHT}), "dan.py": RIGHT, "eve_scale.py": RIGHT, "scale_fay.ipynb":
           notebook(RIGHT), "Gus Grey - scale.py": RIGHT},
          (Row("Gus Grey"), Row("ada", used="ch1_mini/scale.py"), Row("ben"), Row("cy"),
           Row("dan", used="dan.py", notes=("dan.py was read as",)), Row("eve"), Row("fay", used="scale.ipynb"))),
    Class("plain-folders-called-as-tables", same_work("ada.json/scale.py", "Dr. Log.log/scale.py"),
          (Row("Dr. Log.log"), Row("ada.json"))),
    Class("plain-what-is-nobodys",
          {"ada/scale.py": RIGHT, "scale.py": RIGHT, "roster.csv": "id\n", "notes.txt": "x", "Thumbs.db": b"\0",
           "desktop.ini": "", "__MACOSX/._ada": b"\0", ".git/HEAD": "x", "._ada.zip": b"\0", "grades.xlsx": b"PK",
           "plan.pdf": PDF},
          (Row("ada"),),
          {"scale.py": "it is named after an exercise, not after a student", "roster.csv": TABLE, "grades.xlsx": TABLE,
           "notes.txt": "it is no folder, no archive and no", "plan.pdf": "it is no folder, no archive and no",
           "Thumbs.db": SYSTEMS, "desktop.ini": SYSTEMS, "__MACOSX": SYSTEMS, ".git": SYSTEMS, "._ada.zip": SYSTEMS},
          warnings=("1 entry has no row, because the name says no student: scale.py",)),
    Class("plain-names-that-look-alike",
          {"ada/scale.py": RIGHT, "Ada/scale.py": RIGHT, "ada\n/scale.py": RIGHT, "ada_/scale.py": RIGHT,
           unicodedata.normalize("NFC", "josé") + "/scale.py": RIGHT,
           unicodedata.normalize("NFD", "josé") + "/scale.py": RIGHT},
          (Row("Ada"), Row("ada (2)"), Row("ada\\n"), Row("ada_"),
           Row(unicodedata.normalize("NFD", "josé")), Row(unicodedata.normalize("NFC", "josé") + " (2)"))),
    Class("plain-strange-names",
          same_work("😀/scale.py", "\u202eada/scale.py", "o'brien/scale.py", 'quo"te/scale.py', "x" * 200 + "/scale.py",
                    "x" * 199 + "y/scale.py", "-rf/scale.py", " ben /scale.py"),
          (Row("-rf"), Row("\\u202eada"), Row("ben"), Row("o'brien"), Row("quo_te"), Row("x" * 100),
           Row("x" * 100 + " (2)"), Row("😀"))),
    Class("plain-two-archives-of-one-person",
          {"ada.zip": zipped({"scale.py": HALF}), "ada/scale.py": At(5, RIGHT), "ben.zip": zipped({"scale.py": RIGHT})},
          (Row("ada", used="ada/scale.py", aside={"ada.zip/scale.py": "ada/scale.py is newer and counts"}),
           Row("ben"))),
    Class("plain-links-and-empty-folders",
          {"ada/scale.py": RIGHT, "ben": Link("ada"), "cy/.keep": ""},
          (Row("ada"), Row("ben", "", "", "", {"ben": "it is a link"}, problem="it is a link"),
           none("cy", problem="nothing is in it"))),
    Class("plain-results-of-an-earlier-run",
          {"ada/scale.py": RIGHT, "results/journal.sqlite": b"SQLite", "results/feedback/ada.html": "<p>",
           "marks/grades.csv": "student\n", "marks/intake.txt": "1 students\n", "marks/journal.sqlite": b"SQLite"},
          (Row("ada"),),
          {"results": "it holds the results of an earlier scoring", "marks": "it holds the results of an earlier"}),
    Class("plain-by-an-expression",
          {"hw1-ada-111.py": RIGHT, "hw1-ben-112.py": RIGHT, "hw1-112": RIGHT, "readme.md": "x"},
          (Row("ada", "111", "hw1-ada-111.py", notes=("was read as",)),
           Row("ben", "112", "hw1-ben-112.py", notes=("was read as",))),
          {"hw1-112": "its name is not one that --pattern gives", "readme.md": "its name is not one that --pattern"},
          warnings=("2 entries have no row, because the name says no student: hw1-112, readme.md",),
          pattern=r"hw1-(?P<student>[a-z]+)-(?P<id>\d+)\.py", system=r"hw1-(?P<student>[a-z]+)-(?P<id>\d+)\.py"),
    Class("plain-asked-for-over-names-of-a-system",
          {"student/Ada Lovelace - scale.ipynb": notebook(RIGHT)},
          (Row("student", used="Ada Lovelace - scale.ipynb", notes=("was read as",)),), pattern="plain"),
    Class("plain-asked-for-over-a-download-from-canvas",
          {"student/lovelaceada_12345_678901_scale.py": RIGHT},
          (Row("student", used="lovelaceada_12345_678901_scale.py", notes=("was read as",)),), pattern="plain"),
    Class("plain-asked-for-over-a-zip-of-such",
          {"student.zip": zipped({"Ada Lovelace - scale.ipynb": notebook(RIGHT)})},
          (Row("student", used="Ada Lovelace - scale.ipynb", notes=("was read as",)),), pattern="plain"),
)  # fmt: skip

PACKED_EXPORTS = (
    Class("archive-alone-in-its-folder",
          {"submissions.zip": zipped({"lovelaceada_12345_678901_scale.py": RIGHT, "turingalan_12346_678902_scale.py":
                                      RIGHT})},
          (Row("lovelaceada", "12345"), Row("turingalan", "12346")), system="canvas"),
    Class("archive-with-an-outer-folder",
          {"hw1.zip": zipped({"assignment_9_export/submission_7001/scale.py": RIGHT,
                              "assignment_9_export/submission_7002/scale.py": RIGHT,
                              "assignment_9_export/submission_metadata.yml":
                              metadata(submission(7001, ADA), submission(7002, ALAN)),
                              "__MACOSX/._assignment_9_export": b"\0"}), ".DS_Store": b"\0"},
          (Row("Ada Lovelace", "111", email="ada@example.org"), Row("Alan Turing", "112", email="alan@example.org")),
          {"__MACOSX": SYSTEMS, ".DS_Store": SYSTEMS}, system="gradescope"),
    Class("export-unpacked-into-a-folder",
          {"submissions/lovelaceada_12345_678901_scale.py": RIGHT, "submissions/turingalan_12346_678902_scale.py":
           RIGHT},
          (Row("lovelaceada", "12345"), Row("turingalan", "12346")), system="canvas"),
    Class("one-student-alone-in-a-zip", {"ada.zip": zipped({"ch1_mini/scale.py": RIGHT})},
          (Row("ada", used="ch1_mini/scale.py"),)),
    Class("one-student-alone-in-a-folder", {"ada/ch1_mini/scale.py": RIGHT}, (Row("ada", used="ch1_mini/scale.py"),)),
)  # fmt: skip

GRADEBOOK = ("Student,ID,SIS User ID,SIS Login ID,Section,Homework 1\n"
             '"    Points Possible",,,,,10\n"Lovelace, Ada",12345,s1,ada,Monday,\n'
             '"Turing, Alan",12346,s2,alan,Monday,\n'
             '"Noether, Emmy",12347,s3,emmy,Friday,\n"Student, Test",9,,,Monday,\n')  # fmt: skip
CANVAS_TWO = same_work("lovelaceada_12345_678901_scale.py", "turingalan_12346_678902_scale.py")
ROSTERS = (
    Class("roster-canvas-gradebook", CANVAS_TWO,
          (Row("Lovelace, Ada", "12345", section="Monday"), none("Noether, Emmy", "12347", section="Friday"),
           Row("Turing, Alan", "12346", section="Monday")), roster=GRADEBOOK, system="canvas"),
    Class("roster-with-semicolons-and-a-byte-order-mark",
          {"Ada Lovelace/scale.py": RIGHT, "ben/scale.py": RIGHT},
          (Row("Ada Lovelace", "111", email="ada@x.org"), Row("ben", "112", email="ben@x.org"), none("cy", "113",
                                                                                                     email="cy@x.org")),
          roster="\ufeffID;Name;E-Mail\n111;Ada Lovelace;ada@x.org\n112;ben;ben@x.org\n113;cy;cy@x.org\n"),
    Class("roster-with-tabs-and-first-and-last-names",
          {"Ada Lovelace/scale.py": RIGHT, "turing alan/scale.py": RIGHT},
          (Row("Ada Lovelace", "111"), Row("Alan Turing", "112")),
          roster="Student ID\tFirst Name\tLast Name\n111\tAda\tLovelace\n112\tAlan\tTuring\n"),
    Class("roster-by-login-or-mail",
          {"alovelace/scale.py": RIGHT, "alan@example.org/scale.py": RIGHT},
          (Row("Ada Lovelace", email="ada@example.org"), Row("Alan Turing", email="alan@example.org")),
          roster="username,email address,full name\nalovelace,ada@example.org,Ada Lovelace\n"
                 "aturing,alan@example.org,Alan Turing\n"),
    Class("roster-and-somebody-who-is-not-on-it",
          same_work("ada/scale.py", "zoe/scale.py"), (Row("ada", "111"), Row("zoe")),
          warnings=("zoe is not on the roster",), roster="id,name\n111,ada\n"),
    Class("roster-with-two-of-one-name",
          same_work("zhangwei_12345_678901_scale.py", "zhangwei_54321_678950_scale.py"),
          (Row("Wei Zhang (12345)", "12345"), Row("Wei Zhang (54321)", "54321")),
          roster="id,name\n12345,Wei Zhang\n54321,Wei Zhang\n", system="canvas"),
    Class("roster-with-two-of-one-name-and-no-ids-in-the-class",
          same_work("Wei Zhang/scale.py", "ada/scale.py"),
          (Row("Wei Zhang"), none("Wei Zhang (1)", "1"), none("Wei Zhang (2)", "2"), Row("ada", "3")),
          warnings=("Wei Zhang may be any of several on the roster",),
          roster="id,name\n1,Wei Zhang\n2,Wei Zhang\n3,ada\n"),
    Class("roster-two-hand-ins-of-one-person",
          same_work("ada/scale.py", "Ada Lovelace/scale.py"),
          (Row("Ada Lovelace"), none("Ada Lovelace (1)", "1", problem="several hand-ins fit: Ada Lovelace, ada"),
           Row("ada")),
          warnings=("several hand-ins fit Ada Lovelace of the roster",), roster="id,login,name\n1,ada,Ada Lovelace\n"),
    Class("roster-in-other-accents-and-case",
          {unicodedata.normalize("NFD", "José Núñez") + "/scale.py": RIGHT, "ADA  LOVELACE/scale.py": RIGHT},
          (Row("Ada Lovelace", "2"), Row(unicodedata.normalize("NFC", "José Núñez"), "1")),
          roster=unicodedata.normalize("NFC", "id,name\n1,José Núñez\n2,Ada Lovelace\n")),
    Class("roster-with-names-that-compute",
          {"ada/scale.py": RIGHT}, (none("=1+1", "7"), Row("ada", "1")), roster="id,name\n1,ada\n7,'=1+1\n"),
    Class("roster-gradescope",
          {"submission_7001/scale.py": RIGHT, "submission_metadata.yml": metadata(submission(7001, ADA))},
          (Row("Ada Lovelace", "111", email="ada@example.org", section="A"),
           none("Alan Turing", "112", email="alan@example.org", section="B")),
          roster="First Name,Last Name,SID,Email,Section\nAda,Lovelace,111,ada@example.org,A\n"
                 "Alan,Turing,112,alan@example.org,B\n", system="gradescope"),
    Class("roster-blackboard",
          {f"Homework 1_alovelace_attempt_{FIRST}_scale.py": RIGHT, f"Homework 1_b_attempt_{FIRST}_scale.py": STUB},
          (Row("Ada Lovelace", "s9"), Row("Ben Bo", "s8", work=STUB), none("Cy Ce", "s7")),
          roster='"Last Name","First Name","Username","Student ID"\nLovelace,Ada,alovelace,s9\nBo,Ben,b,s8\n'
                 "Ce,Cy,cyce,s7\n", system="blackboard"),
    Class("roster-alone", {".DS_Store": b"\0"}, (none("ada", "1"), none("ben", "2")), {".DS_Store": SYSTEMS},
          roster="id,name\n1,ada\n2,ben\n"),
)  # fmt: skip

CLASSES = (*CANVAS, *MOODLE, *GRADESCOPE, *BLACKBOARD, *CLASSROOM, *PLAIN, *PACKED_EXPORTS, *ROSTERS)
