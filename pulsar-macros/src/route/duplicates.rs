//! Two routes of one module that answer the same: a hidden item for each method of a rule, whose name is both.
//!
//! A second item of that name is refused by the compiler, which shows both attributes. Across modules the program finds
//! out when it starts, since a macro does not know the scopes of others; the same goes for rules that are not the same and
//! overlap.
//!
//! The rule it keeps: names are equal just if the routes are, however their placeholders are called.

use proc_macro2::{Ident, Span, TokenStream};
use pulsar_pattern::{Converter, Part, Pattern, Segment};
use quote::quote_spanned;

use crate::{
    function::Function,
    route::attribute::{Attribute, Rule},
};

/// The items of one attribute.
pub(super) fn items(attribute: &Attribute, rule: &Rule, function: &Function) -> TokenStream {
    let shape = shape(&rule.pattern);
    // In the hygiene of the macro, so that no lint about names or unused items reaches the user. `#[allow(..)]` would be an
    // error where the user has forbidden the lint.
    let site = Span::mixed_site();
    let conditions = &function.conditions;
    let items = attribute.methods.iter().map(|method| {
        let name = identifier(&format!("{}_{shape}", method.value()));
        let name = Ident::new(&name, site.located_at(rule.literal.span()));
        quote_spanned! {site=>
            #(#conditions)*
            #[doc(hidden)]
            enum #name {}
        }
    });
    items.collect()
}

/// The rule without the names of its placeholders, as the router compares it.
fn shape(pattern: &Pattern) -> String {
    let mut shape = String::new();
    for segment in pattern.segments() {
        shape.push('/');
        match segment {
            Segment::Literal(_) => shape.push_str(&segment.to_string()),
            Segment::Placeholder(placeholder) => shape.push_str(&value(&placeholder.converter)),
            Segment::Mixed(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => {
                            // As a segment of its own prints: with what is special in a rule escaped.
                            shape.push_str(&Segment::Literal(text.clone()).to_string());
                        }
                        Part::Placeholder(placeholder) => shape.push_str(&value(&placeholder.converter)),
                    }
                }
            }
        }
    }
    // `<path>` matches with a final slash too.
    let ends_in_path = matches!(
        pattern.segments().last(),
        Some(Segment::Placeholder(last)) if last.converter == Converter::Path
    );
    if pattern.is_branch() && !ends_in_path {
        shape.push('/');
    }
    shape
}

fn value(converter: &Converter) -> String {
    match converter {
        // Their order says nothing.
        Converter::Any(words) => {
            let mut words = words.clone();
            words.sort();
            format!("<{}>", Converter::Any(words))
        }
        converter => format!("<{converter}>"),
    }
}

/// Letters that look like what no identifier may hold.
const LOOKALIKES: [(char, char); 14] = [
    ('/', 'ノ'),
    ('<', 'ᐸ'),
    ('>', 'ᐳ'),
    ('(', 'ᑕ'),
    (')', 'ᑐ'),
    ('=', 'ニ'),
    (',', 'ˏ'),
    (':', 'ː'),
    ('-', 'ー'),
    ('.', '·'),
    ('"', 'ʺ'),
    ('+', 'ᐩ'),
    ('!', 'ǃ'),
    ('|', 'ǀ'),
];

/// Stands around the number of a character that is not written otherwise.
const ESCAPE: char = 'ʼ';

/// A text as an identifier: no two texts have the same one.
fn identifier(text: &str) -> String {
    let mut identifier = String::new();
    for (at, c) in text.chars().enumerate() {
        let shown = LOOKALIKES.iter().find(|(special, _)| *special == c).map(|(_, letter)| *letter);
        let shown = shown.or_else(|| is_kept(c).then_some(c));
        // What an identifier cannot begin with: a method may.
        match shown.filter(|c| at > 0 || !(c.is_ascii_digit() || *c == '·')) {
            Some(c) => identifier.push(c),
            None => identifier.extend(format!("{ESCAPE}{:X}{ESCAPE}", u32::from(c)).chars()),
        }
    }
    identifier
}

/// Letters and digits that stand for nothing else here, and that the compiler's normalization leaves alone.
fn is_kept(c: char) -> bool {
    let plain = c.is_ascii_alphanumeric() || c == '_';
    let of_living_scripts = matches!(
        c,
        'À'..='ſ' | 'Α'..='ω' | 'ά'..='ώ' | 'Ѐ'..='ӿ' | 'א'..='ת' | 'ؠ'..='ي' | 'ぁ'..='ゖ' | 'ァ'..='ヺ'
            | '一'..='鿿' | '가'..='힣'
    );
    let is_lookalike = LOOKALIKES.iter().any(|(_, letter)| *letter == c);
    plain || of_living_scripts && c.is_alphabetic() && !is_lookalike
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn name(method: &str, rule: &str) -> String {
        identifier(&format!("{method}_{}", shape(&Pattern::parse(rule).expect("the table holds rules"))))
    }

    #[test]
    fn a_name_reads_as_method_and_rule() {
        let table = [
            ("GET", "/", "GET_ノ"),
            ("GET", "/users/<int:id>", "GET_ノusersノᐸintᐳ"),
            ("GET", "/users/<id>/", "GET_ノusersノᐸstringᐳノ"),
            ("POST", "/a-b.c/<int(min=1,max=2):x>", "POST_ノaーb·cノᐸintᑕminニ1ˏmaxニ2ᑐᐳ"),
            ("M-SEARCH", "/v<int:a>.<int:b>", "MーSEARCH_ノvᐸintᐳ·ᐸintᐳ"),
            ("GET", "/café/привет/日本", "GET_ノcaféノприветノ日本"),
            ("GET", "/a%20b/e\u{301}/ノ", "GET_ノaʼ25ʼ20bノeʼ301ʼノʼ30CEʼ"),
            ("1", "/", "ʼ31ʼ_ノ"),
        ];
        for (method, rule, expected) in table {
            let name = name(method, rule);
            assert_eq!(name, expected, "{rule}");
            assert!(syn::parse_str::<Ident>(&name).is_ok(), "{name} is no identifier");
        }
    }

    #[test]
    fn names_are_equal_just_if_routes_are() {
        let same = [
            ("/users/<id>", "/users/<string:name>"),
            ("/<any(a,b):x>", "/<any(b,a):y>"),
            ("/<path:a>", "/<path:b>/"),
            ("/caf%C3%A9", "/café"),
            ("/<int(signed=false):x>", "/<int:y>"),
        ];
        for (one, other) in same {
            assert_eq!(name("GET", one), name("GET", other), "{one} {other}");
        }
        let different = [
            "/",
            "/a",
            "/a/",
            "/a/b",
            "/a_b",
            "/a-b",
            "/a.b",
            "/aノb",
            "/a%2Fb",
            "/<a>",
            "/<a>/",
            "/<int:a>",
            "/<int(min=1):a>",
            "/<int(max=1):a>",
            "/<float:a>",
            "/<path:a>",
            "/<path:a>/b",
            "/a<b>",
            "/<a>b",
            "/<any(a):x>",
            "/<any(\"a,b\"):x>",
            "/<any(a,b):x>",
            "/%3Cint%3E",
            "/<re(\"a\"):x>",
            "/<re(\"a+\"):x>",
            "/é",
            "/e\u{301}",
            "/ʼ2Dʼ",
            "/ー",
            "/string",
            "/<uuid:x>",
            "/%25",
            "/\u{212b}",
            "/Å",
        ];
        let names: HashSet<String> = different.iter().map(|rule| name("GET", rule)).collect();
        assert_eq!(names.len(), different.len());
        assert_ne!(name("GET", "/"), name("HEAD", "/"));
        assert_ne!(name("A_", "/"), name("A", "/"));
    }
}
