//! The extractor of all path values at once.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use axum_core::extract::FromRequestParts;
use http::{StatusCode, request::Parts};
use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::{
    problem::{FieldError, Problem},
    request::{Params, path_values},
};

/// All path values of the rule: as one value, a tuple in their order, a struct or a map by their names.
///
/// A handler that a macro registers gets path values as arguments of their names, checked when it is compiled, and rarely
/// needs this. It is for closures, and for values that belong together.
///
/// ```
/// use pulsar::{extract::Path, get};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Day {
///     year: i32,
///     month: u8,
///     day: u8,
/// }
///
/// #[get("/diary/<int:year>/<int:month>/<int:day>")]
/// async fn diary(Path(day): Path<Day>) -> String {
///     format!("{:04}-{:02}-{:02}\n", day.year, day.month, day.day)
/// }
/// ```
///
/// # Rejection
///
/// 404 for a value that does not fit its type, with an entry that names it; 500 if the type cannot come from this rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Path<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (names, params) = path_values(parts).ok_or_else(|| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
                .with_source("`Path` was asked for where no rule matched, as in a fallback")
        })?;
        let values = PathValues { names, params };
        T::deserialize(values).map(Self).map_err(|error| match error {
            PathError::Value(detail) => {
                let name = culprit::<T>(values);
                Problem::new(StatusCode::NOT_FOUND).with_field(FieldError::field(name, detail))
            }
            PathError::Shape(detail) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(format!(
                "the path values {names:?} do not fit `Path<{}>`: {detail}",
                std::any::type_name::<T>()
            )),
        })
    }
}

/// The name of the value that does not fit; found by a second run, which only failures pay for.
fn culprit<T: DeserializeOwned>(values: PathValues<'_>) -> String {
    use serde_path_to_error::Segment;
    let Err(error) = serde_path_to_error::deserialize::<_, T>(values) else {
        return String::new();
    };
    let index = match error.path().iter().next() {
        Some(Segment::Map { key }) => return key.clone(),
        Some(Segment::Seq { index }) => *index,
        _ => 0,
    };
    values.names.get(index).cloned().unwrap_or_default()
}

#[derive(Debug)]
enum PathError {
    /// The client's fault: a value that does not fit its type.
    Value(String),
    /// The program's fault: a type that cannot come from these placeholders.
    Shape(String),
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(detail) | Self::Shape(detail) => f.write_str(detail),
        }
    }
}

impl std::error::Error for PathError {}

impl de::Error for PathError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Value(message.to_string())
    }

    /// Values are text, parsed as whatever is asked for; what asks for something else cannot come from a path.
    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Shape(format!("invalid type: {unexpected}, expected {expected}"))
    }

    fn invalid_length(len: usize, expected: &dyn de::Expected) -> Self {
        Self::Shape(format!("{len} path values, expected {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Shape(format!("no placeholder `{field}`"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::Shape(format!("no field for the placeholder `{field}`, the fields are {expected:?}"))
    }
}

#[derive(Clone, Copy)]
struct PathValues<'a> {
    names: &'a [String],
    params: &'a Params,
}

impl<'a> PathValues<'a> {
    fn values(self) -> impl ExactSizeIterator<Item = PathValue<'a>> {
        self.params.iter().map(PathValue)
    }

    fn single(self) -> Result<PathValue<'a>, PathError> {
        let mut values = self.values();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(PathError::Shape(format!("{} path values for one", self.names.len()))),
        }
    }
}

macro_rules! single {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
            self.single()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for PathValues<'de> {
    type Error = PathError;

    single! {
        deserialize_any deserialize_bool deserialize_char deserialize_str deserialize_string
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_bytes deserialize_byte_buf deserialize_option
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        let mut values = SeqDeserializer::new(self.values());
        let value = visitor.visit_seq(&mut values)?;
        values.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, PathError> {
        if len != self.names.len() {
            return Err(PathError::Shape(format!("{} path values for a tuple of {len}", self.names.len())));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_map(MapDeserializer::new(self.names.iter().map(String::as_str).zip(self.values())))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.single()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        self.single()?.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_unit()
    }
}

/// One path value, which is parsed as what its type asks for.
#[derive(Clone, Copy)]
struct PathValue<'a>(&'a str);

impl<'de> IntoDeserializer<'de, PathError> for PathValue<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
            match self.0.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(PathError::Value(format!("{error}: `{}`", self.0))),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for PathValue<'de> {
    type Error = PathError;

    parsed! {
        deserialize_bool visit_bool bool, deserialize_char visit_char char,
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32, deserialize_f64 visit_f64 f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        StrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;
    use crate::request::Spans;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Named {
        id: u32,
        lang: Lang,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Lang {
        En,
        It,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Wrapper(u8);

    fn with<T: DeserializeOwned>(names: &[&str], values: &[&str]) -> Result<T, PathError> {
        let mut spans = Spans::EMPTY;
        let mut text = String::new();
        for value in values {
            spans.push(text.len(), text.len() + value.len());
            text.push_str(value);
        }
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        T::deserialize(PathValues { names: &names, params: &Params::of_decoded(text.into(), &spans) })
    }

    #[test]
    fn values_come_as_one_a_tuple_a_struct_a_map_or_a_list() {
        assert_eq!(with::<u32>(&["id"], &["7"]).unwrap(), 7);
        assert_eq!(with::<Wrapper>(&["id"], &["7"]).unwrap(), Wrapper(7));
        assert_eq!(with::<Option<char>>(&["id"], &["x"]).unwrap(), Some('x'));
        assert_eq!(with::<(u8, String)>(&["a", "b"], &["1", "x y"]).unwrap(), (1, "x y".to_owned()));
        assert_eq!(with::<Named>(&["lang", "id"], &["it", "9"]).unwrap(), Named { id: 9, lang: Lang::It });
        assert_eq!(with::<Vec<bool>>(&["a", "b"], &["true", "false"]).unwrap(), [true, false]);
        let map = with::<HashMap<String, f32>>(&["a", "b"], &["1.5", "2"]).unwrap();
        assert_eq!(map, HashMap::from([("a".to_owned(), 1.5), ("b".to_owned(), 2.0)]));
    }

    #[test]
    fn a_value_that_does_not_fit_is_the_clients_fault_and_a_wrong_shape_the_programs() {
        assert!(matches!(with::<u8>(&["id"], &["300"]), Err(PathError::Value(_))));
        assert!(matches!(with::<Named>(&["id", "lang"], &["1", "fr"]), Err(PathError::Value(_))));
        assert!(matches!(with::<u8>(&["a", "b"], &["1", "2"]), Err(PathError::Shape(_))));
        assert!(matches!(with::<(u8, u8)>(&["a"], &["1"]), Err(PathError::Shape(_))));
        assert!(matches!(with::<Named>(&["id"], &["1"]), Err(PathError::Shape(_))));
    }

    #[test]
    fn the_culprit_is_named() {
        for (names, values, name) in
            [(["id", "lang"], ["x", "en"], "id"), (["id", "lang"], ["1", "fr"], "lang")]
        {
            let mut spans = Spans::EMPTY;
            let text = values.concat();
            spans.push(0, values[0].len());
            spans.push(values[0].len(), text.len());
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let params = Params::of_decoded(text.into(), &spans);
            assert_eq!(culprit::<Named>(PathValues { names: &names, params: &params }), name);
            if name == "id" {
                assert_eq!(culprit::<(u8, String)>(PathValues { names: &names, params: &params }), "id");
            }
        }
    }
}
