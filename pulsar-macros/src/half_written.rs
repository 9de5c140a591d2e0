//! Functions in the middle of being written: whether the compiler is certain to refuse one, so that nothing need be added.
//!
//! Not a parser. It knows what people leave out while they type; about everything else it says no, and then a macro
//! that cannot read a function has to say so itself.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Whether something is missing without which these tokens are no Rust.
pub(crate) fn is_half_written(item: TokenStream) -> bool {
    let mut tokens = item.into_iter().skip_while(|token| !is_word(token, "fn")).skip(1).peekable();
    if !matches!(tokens.next(), Some(TokenTree::Ident(_))) {
        // No `fn` at all, or one without a name.
        return true;
    }
    let mut generics = Angles::default();
    let arguments = loop {
        match tokens.next() {
            Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Parenthesis && generics.are_closed() =>
            {
                break group.stream();
            }
            // `fn f<T(a: u8) {`, or no parentheses.
            None => return true,
            Some(token) => generics.pass(&token),
        }
    };
    if arguments_of(arguments).iter().any(|argument| !is_argument(argument)) {
        return true;
    }
    let rest: Vec<TokenTree> = tokens.collect();
    let (Some(last), before) = (rest.last(), &rest[..rest.len().saturating_sub(1)]) else { return true };
    let ends =
        is_punct(last, ';') || matches!(last, TokenTree::Group(body) if body.delimiter() == Delimiter::Brace);
    let arrow_alone = before.last().is_some_and(|token| is_punct(token, '>'))
        && before.iter().rev().nth(1).is_some_and(|token| is_punct(token, '-'));
    !ends || arrow_alone || !Angles::of(before).are_closed()
}

/// What stands between the commas.
fn arguments_of(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut arguments = vec![Vec::new()];
    let mut angles = Angles::default();
    for token in tokens {
        angles.pass(&token);
        match arguments.last_mut() {
            Some(last) if !(is_punct(&token, ',') && angles.are_closed()) => last.push(token),
            _ => arguments.push(Vec::new()),
        }
    }
    // A last comma is no mistake.
    if arguments.last().is_some_and(Vec::is_empty) {
        arguments.pop();
    }
    arguments
}

/// `name: Type`, a receiver, or `...`.
fn is_argument(tokens: &[TokenTree]) -> bool {
    let is_colon = |at: usize| {
        let alone = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Alone);
        alone(&tokens[at]) && !at.checked_sub(1).is_some_and(|before| is_punct(&tokens[before], ':'))
    };
    let typed = (0..tokens.len()).find(|at| is_colon(*at)).is_some_and(|at| at > 0 && at + 1 < tokens.len());
    let special = tokens.iter().any(|token| is_word(token, "self"))
        || tokens.iter().filter(|token| is_punct(token, '.')).count() == 3;
    (typed || special) && Angles::of(tokens).are_closed()
}

/// How many `<` are open. An arrow closes none.
#[derive(Default)]
struct Angles {
    open: i32,
    after_dash: bool,
}

impl Angles {
    fn of(tokens: &[TokenTree]) -> Self {
        let mut angles = Angles::default();
        for token in tokens {
            angles.pass(token);
        }
        angles
    }

    fn pass(&mut self, token: &TokenTree) {
        if is_punct(token, '<') {
            self.open += 1;
        } else if is_punct(token, '>') && !self.after_dash {
            self.open -= 1;
        }
        self.after_dash = is_punct(token, '-');
    }

    fn are_closed(&self) -> bool {
        self.open == 0
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tokens;

    #[test]
    fn what_is_missing_is_seen() {
        let rows = [
            ("", true),
            ("fn", true),
            ("fn user", true),
            ("fn (id: u8) {}", true),
            ("fn user(id) {}", true),
            ("fn user(id:) {}", true),
            ("fn user(: u8) {}", true),
            ("fn user(id: u8, , name: &str) {}", true),
            ("fn user(id: u8, name) {}", true),
            ("fn user(id: Vec<u8) {}", true),
            ("fn user(id: std::path) {}", false),
            ("fn user(std::path) {}", true),
            ("fn user<T(id: u8) {}", true),
            ("fn user(id: u8)", true),
            ("fn user(id: u8) ->", true),
            ("fn user(id: u8) -> {}", true),
            ("fn user(id: u8) -> Vec<u8 {}", true),
            ("fn user(id: u8) -> Vec<u8>", true),
            // These are whole, whatever else is the matter with them.
            ("fn user() {}", false),
            ("fn user(&mut self, id: u8,) -> Vec<Vec<u8>> { db. }", false),
            ("fn user(f: fn(u8) -> u8, m: HashMap<u8, u8>) -> impl Fn() -> u8 {}", false),
            ("pub async fn user<T: Into<u8>>(id: T) where T: Send {}", false),
            ("fn user(id: u8, ...);", false),
        ];
        for (text, expected) in rows {
            assert_eq!(is_half_written(tokens(text)), expected, "{text}");
        }
    }
}
