//! Which of the codings of a file a client gets: RFC 9110 section 12.5.3.
//!
//! It knows which siblings of a file hold which coding, and opens none of them.

use crate::weighted::{MOST, weighted};

/// A coding that a file may lie there in, beside itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Zstandard,
    Gzip,
}

impl Coding {
    /// All of them, the one first that is taken where a client likes several equally well.
    pub(crate) const ALL: [Self; 3] = [Self::Brotli, Self::Zstandard, Self::Gzip];

    /// What `Accept-Encoding` and `Content-Encoding` call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What the name of the sibling has behind that of the file, without the dot.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zst",
            Self::Gzip => "gz",
        }
    }

    fn is_called(self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name()) || (self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip"))
    }
}

/// What a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The sibling with this coding.
    Coded(Coding),
    /// The file as it is.
    Plain,
    /// It takes neither the file as it is nor any coding that is there.
    Nothing,
}

/// Chooses among the file as it is and the codings that are there, for the values of `Accept-Encoding`, which are none
/// if the client has not sent it.
pub(crate) fn choose<'a>(values: impl Iterator<Item = &'a str>, available: &[Coding]) -> Choice {
    let mut weights = [None; Coding::ALL.len()];
    let (mut plain, mut others) = (None, None);
    for (name, weight) in values.flat_map(weighted) {
        let slot = match Coding::ALL.iter().position(|coding| coding.is_called(name)) {
            Some(at) => &mut weights[at],
            None if name.eq_ignore_ascii_case("identity") => &mut plain,
            None if name == "*" => &mut others,
            None => continue,
        };
        slot.get_or_insert(weight);
    }
    let mut best: Option<(Coding, u16)> = None;
    for (coding, weight) in Coding::ALL.into_iter().zip(weights) {
        let weight = weight.or(others).unwrap_or(0);
        if available.contains(&coding) && weight > best.map_or(0, |(_, weight)| weight) {
            best = Some((coding, weight));
        }
    }
    match best {
        // Unless it is named, the file as it is will do, and anything that is named is better.
        Some((coding, weight)) if weight >= plain.unwrap_or(0) => Choice::Coded(coding),
        _ if plain.or(others).unwrap_or(MOST) > 0 => Choice::Plain,
        Some((coding, _)) => Choice::Coded(coding),
        None => Choice::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_coding_that_is_there_is_chosen() {
        use Choice::{Coded, Nothing, Plain};
        use Coding::{Brotli, Gzip, Zstandard};
        let all = &Coding::ALL[..];
        let table: &[(&[&str], &[Coding], Choice)] = &[
            (&[], all, Plain),
            (&[""], all, Plain),
            (&["gzip"], all, Coded(Gzip)),
            (&["x-GZIP"], all, Coded(Gzip)),
            (&["gzip, deflate, br, zstd"], all, Coded(Brotli)),
            (&["gzip", "br"], all, Coded(Brotli)),
            (&["gzip, zstd"], all, Coded(Zstandard)),
            (&["gzip;q=1, br;q=0.9"], all, Coded(Gzip)),
            (&["br"], &[Gzip], Plain),
            (&["br"], &[], Plain),
            (&["br;q=0, *"], all, Coded(Zstandard)),
            (&["*"], all, Coded(Brotli)),
            (&["*;q=0"], all, Nothing),
            (&["*;q=0, gzip"], all, Coded(Gzip)),
            (&["*;q=0, gzip"], &[Brotli], Nothing),
            (&["*;q=0, identity"], all, Plain),
            (&["identity"], all, Plain),
            (&["identity;q=0"], all, Nothing),
            (&["identity;q=0"], &[], Nothing),
            (&["identity;q=0, *"], all, Coded(Brotli)),
            (&["identity;q=0, gzip;q=0"], all, Nothing),
            (&["identity, gzip;q=0.5"], all, Plain),
            (&["identity;q=0.5, gzip;q=0.5"], all, Coded(Gzip)),
            (&["gzip;q=0.001"], all, Coded(Gzip)),
            (&["gzip;q=0"], all, Plain),
            (&["gzip;q=0, gzip"], all, Plain),
            (&["gzip;q=nonsense"], all, Plain),
            (&["deflate, compress"], all, Plain),
        ];
        for (values, available, expected) in table {
            assert_eq!(choose(values.iter().copied(), available), *expected, "{values:?} of {available:?}");
        }
    }
}
