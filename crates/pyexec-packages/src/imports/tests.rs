use super::{nesting::MAX_NESTING, *};

fn names(source: &str) -> Vec<String> {
    let found = imports([("main.py", source)]);
    assert!(found.unread.is_empty(), "{source}");
    found.names.into_iter().collect()
}

fn is_unread(source: &str) -> bool {
    !imports([("main.py", source)]).unread.is_empty()
}

#[test]
fn every_form_of_an_import() {
    assert_eq!(names("import a, b.c as d, e"), ["a", "b.c", "e"]);
    assert_eq!(names("from a.b import c, d as e"), ["a.b.c", "a.b.d"]);
    assert_eq!(names("from a import (\n    b,\n    c,\n)"), ["a.b", "a.c"]);
    assert_eq!(names("from a import *"), ["a"]);
    assert_eq!(names("x = 1; import a; import b"), ["a", "b"]);
    assert_eq!(names("if x: import a"), ["a"]);
    assert_eq!(names("import a \\\n  .b"), ["a.b"]);
}

#[test]
fn relative_imports_stay_within() {
    assert!(names("from . import a\nfrom .b import c\nfrom ...d import e").is_empty());
}

#[test]
fn imports_count_wherever_they_stand() {
    let source = "
def f():
    import a
    async def g():
        from b import c
class D:
    import d
try:
    import e
except ImportError:
    import f
else:
    import g
finally:
    import h
with x:
    import i
for y in z:
    import j
else:
    import k
while x:
    import l
match x:
    case 1:
        import m
    case _ if x:
        import n
if x:
    import o
elif y:
    import p
else:
    import q
async def r():
    async with x:
        import r
    async for x in y:
        import s
try:
    pass
except* ValueError:
    import t
";
    let all = "a b.c d e f g h i j k l m n o p q r s t";
    assert_eq!(names(source), Vec::from_iter(all.split(' ')));
}

#[test]
fn text_and_comments_import_nothing() {
    let source = r##"
"""import a"""
# import b
x = "import c"; y = 'import d' # import e
z = f"import {f} import"
w = f"""
import g
"""
v = x.imports + important
"##;
    assert!(names(source).is_empty());
    assert!(names("importlib.import_module('a')\n__import__('b')").is_empty());
}

#[test]
fn what_is_for_type_checkers_is_left_out() {
    let source = "
if TYPE_CHECKING:
    import a
    if x:
        import b
else:
    import c
if typing.TYPE_CHECKING:
    import d
elif x:
    import e
if t.TYPE_CHECKING: import f
if x:
    import g
elif TYPE_CHECKING:
    import h
if not TYPE_CHECKING:
    import i
if TYPE_CHECKING and x:
    import j
";
    assert_eq!(names(source), ["c", "e", "g", "i", "j"]);
}

#[test]
fn what_has_errors_gives_what_it_can() {
    assert_eq!(names("import a\nprint 'b'\nimport c"), ["a", "c"]);
    assert_eq!(names("import a\nx = (\nimport b"), ["a"]);
    assert_eq!(names("def f(:\n  import a\nimport b"), ["a", "b"]);
    assert_eq!(names("import a\n'''"), ["a"]);
    assert_eq!(names("from a import\nimport\nimport b"), ["a", "b"]);
    assert!(names("import 1").iter().all(String::is_empty));
}

#[test]
fn what_is_too_large_is_not_read() {
    let source = |length: usize| format!("import a{}", "\n".repeat(length - 8));
    assert_eq!(names(&source(MAX_SOURCE_BYTES)), ["a"]);
    assert!(is_unread(&source(MAX_SOURCE_BYTES + 1)));

    let text = source(MAX_SOURCE_BYTES);
    let all: Vec<_> = (0..=MAX_SOURCES_BYTES / MAX_SOURCE_BYTES).map(|n| n.to_string()).collect();
    let found = imports(all.iter().map(|name| (name.as_str(), text.as_str())));
    assert_eq!(found.unread, ["16"]);
    assert_eq!(Vec::from_iter(found.names), ["a"]);
}

/// Ways to nest, each repeated.
const NESTED: [(&str, &str); 24] = [
    ("(", ")"),
    ("(", ""),
    ("[", "]"),
    ("{", "}"),
    ("{1:", "}"),
    ("f(", ")"),
    ("a[", "]"),
    ("-", ""),
    ("not ", ""),
    ("await ", ""),
    ("a.", ""),
    ("a()", ""),
    ("a[0]", ""),
    ("1+", ""),
    ("1**", ""),
    ("x if y else ", ""),
    ("lambda:", ""),
    ("lambda x, y=", ""),
    ("*", ""),
    ("async ", ""),
    ("if x: ", ""),
    ("class a: ", ""),
    ("f'{", "}'"),
    ("x:=", ""),
];

#[test]
fn what_is_nested_as_deep_as_may_be_is_read() {
    for (open, close) in NESTED {
        // As many as are admitted, whatever each counts.
        let source =
            |count: usize| format!("import a\n{}x{}\n", open.repeat(count), close.repeat(count));
        let (mut fits, mut too_many) = (0, 3 * MAX_NESTING);
        while too_many - fits > 1 {
            let middle = (fits + too_many) / 2;
            let too_deep = nesting::is_too_deep(&source(middle));
            *(if too_deep { &mut too_many } else { &mut fits }) = middle;
        }
        assert!(fits >= MAX_NESTING / 5, "{open}: {fits}");
        assert_eq!(names(&source(fits)), ["a"], "{open}");
        assert!(is_unread(&source(too_many)), "{open}");
    }
}

#[test]
fn nothing_that_is_nested_ends_the_process() {
    for (open, close) in NESTED {
        let source = format!("import a\n{}x{}\n", open.repeat(60_000), close.repeat(60_000));
        imports([("main.py", &source[..source.len().min(MAX_SOURCE_BYTES)])]);
    }
    for (one, _) in NESTED {
        for (other, _) in NESTED {
            let source = format!("import a\n{}x\n", [one, other].concat().repeat(20_000));
            imports([("main.py", &source[..source.len().min(MAX_SOURCE_BYTES)])]);
        }
    }
}

#[test]
fn indentation_is_nesting() {
    let source = |levels: usize, open: &str| {
        let line = |level: usize| format!("{}if x:\n", "\t".repeat(level));
        let lines: String = (0..levels).map(line).collect();
        format!("{open}{lines}{}import a\n", "\t".repeat(levels))
    };
    assert_eq!(names(&source(90, "")), ["a"]);
    // The parser takes an open bracket for closed where a statement begins.
    for open in ["", "(\n", "f'{\n"] {
        imports([("main.py", source(1000, open).as_str())]);
    }
}
