//! Descriptions as readers of the API need them: they are written for Rust, with examples and
//! links that mean nothing elsewhere.

use serde_json::Value;

/// Rewrites every description of the document, and lets no parameter be `null`, which none can.
pub(super) fn polish(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = for_everyone(text);
            }
            if map.contains_key("in") {
                not_null(map.get_mut("schema"));
            }
            map.values_mut().for_each(polish);
        }
        Value::Array(items) => items.iter_mut().for_each(polish),
        _ => {}
    }
}

fn not_null(schema: Option<&mut Value>) {
    let Some(kind) = schema.and_then(|schema| schema.get_mut("type")) else { return };
    if let Some(Value::String(other)) =
        kind.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null"))
    {
        *kind = Value::String(other.clone());
    }
}

/// Without code blocks, without line breaks within a paragraph, and with the names of links alone.
fn for_everyone(text: &str) -> String {
    let prose: String = text.split("```").step_by(2).collect();
    let mut plain = String::with_capacity(prose.len());
    let mut rest = &*prose;
    while let Some((before, name)) = rest.split_once("[`") {
        plain.push_str(before);
        let Some((name, after)) = name.split_once("`]") else {
            plain.push_str("[`");
            rest = name;
            continue;
        };
        plain.extend(["`", name, "`"]);
        let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    plain.push_str(rest);
    let paragraphs = plain.trim().split("\n\n").map(|paragraph| {
        if paragraph.starts_with("- ") {
            paragraph.to_owned()
        } else {
            paragraph.replace('\n', " ")
        }
    });
    paragraphs.collect::<Vec<_>>().join("\n\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_rust_is_left() {
        for (text, expected) in [
            ("One line.", "One line."),
            ("Two\nlines of [`X`].\n\n```\nlet x;\n```", "Two lines of `X`."),
            ("See [`new`](Self::new), or [`Y`]: `[1]`.", "See `new`, or `Y`: `[1]`."),
            ("- `a`: one\n- `b`: two", "- `a`: one\n- `b`: two"),
            ("An [`unclosed", "An [`unclosed"),
        ] {
            assert_eq!(for_everyone(text), expected);
        }
    }
}
