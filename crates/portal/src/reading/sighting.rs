//! Picture addresses gathered into frames: what one reading saw. Must not know which day is wanted.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::address::{Address, AddressTime};
use url::Url;

use crate::values::Beside;

/// What makes two addresses the same frame in two readings: the file's stem, and which of those with that stem.
pub type Key = (String, usize);

/// The addresses of one frame in one reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Full-size address, where one was seen.
    pub full: Option<String>,
    /// Thumbnail's address, where one was seen.
    pub thumbnail: Option<String>,
    /// The time the address names.
    pub time: Option<AddressTime>,
    /// Position in the order of the portal.
    pub position: usize,
    /// Instants that stand beside the address in the portal's answer.
    pub beside: Beside,
}

/// All addresses that a page showed over several looks, each with its place in the portal's order. They are grouped into frames anew
/// after each look: of two frames in one second one look may show but one, which then would pass for the other.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    places: BTreeMap<String, usize>,
}

impl Shown {
    /// Adds a look. What it does not show stays, since a page takes away what is out of sight; places follow the later look, unless
    /// they are to be kept.
    pub fn add(&mut self, look: &[String], keeps_places: bool) {
        for (place, address) in look.iter().enumerate() {
            match self.places.get_mut(address) {
                Some(known) if !keeps_places => *known = place,
                Some(_) => {}
                None => {
                    self.places.insert(address.clone(), place);
                }
            }
        }
    }

    /// The frames of one camera among them.
    #[must_use]
    pub fn sightings(&self, camera: &CameraId, base: Option<&Url>) -> BTreeMap<Key, Sighting> {
        let parsed: Vec<(usize, Address, &str)> = self
            .places
            .iter()
            .filter_map(|(text, place)| Some((*place, Address::parse(text)?, text.as_str())))
            .collect();
        group(
            camera,
            parsed
                .iter()
                .map(|(place, address, text)| (*place, (address, *text, &[][..]))),
            base,
        )
    }
}

/// Groups addresses into the frames of one camera. Addresses of other cameras and of no frame are left out.
///
/// A picture and its thumbnail share a stem. Two full-size (or two thumbnail) addresses with one stem are two frames: they
/// differ in folder or extension.
#[must_use]
pub fn sightings(
    camera: &CameraId,
    addresses: &[String],
    base: Option<&Url>,
) -> BTreeMap<Key, Sighting> {
    let mut shown = Shown::default();
    shown.add(addresses, true);
    shown.sightings(camera, base)
}

/// An address, its words, and the instants beside it.
pub(super) type Seen<'a> = (&'a Address, &'a str, &'a [DateTime<Utc>]);

/// An address of one frame, its words made absolute, its position, the instants beside it.
type Member = (Address, String, usize, Beside);

/// As [`sightings`], of addresses that were taken apart before, with their positions.
pub(super) fn group<'a>(
    camera: &CameraId,
    addresses: impl Iterator<Item = (usize, Seen<'a>)>,
    base: Option<&Url>,
) -> BTreeMap<Key, Sighting> {
    let mut stems: HashMap<&str, Vec<Member>> = HashMap::new();
    for (position, (address, raw, beside)) in addresses {
        if address.camera != *camera {
            continue;
        }
        let list = stems.entry(&address.stem).or_default();
        let absolute = absolute(raw, base);
        if !list.iter().any(|(_, known, ..)| *known == absolute) {
            list.push((address.clone(), absolute, position, beside.to_vec()));
        }
    }
    let mut found = BTreeMap::new();
    for (stem, group) in stems {
        for (ordinal, sighting) in pair(group).into_iter().enumerate() {
            found.insert((stem.to_owned(), ordinal), sighting);
        }
    }
    found
}

/// Pairs the full-size and thumbnail addresses of one stem: by folder and extension where they fit, else in order.
fn pair(mut group: Vec<Member>) -> Vec<Sighting> {
    // Whole addresses before bare keys, so that those are kept.
    let order = |member: &Member| {
        let (address, text, ..) = member;
        let is_bare = !text.starts_with("http");
        (
            address.folder.clone(),
            address.extension.clone(),
            address.is_thumbnail,
            is_bare,
            text.clone(),
        )
    };
    group.sort_by_cached_key(order);
    // The same file under several hosts or with several queries is one frame.
    group.dedup_by(|b, a| {
        (&a.0.folder, &a.0.extension, a.0.is_thumbnail)
            == (&b.0.folder, &b.0.extension, b.0.is_thumbnail)
    });
    let (thumbs, fulls): (Vec<_>, Vec<_>) = group
        .into_iter()
        .partition(|(address, ..)| address.is_thumbnail);
    let fulls = drop_shadows(fulls);
    let thumbs = drop_shadows(thumbs);
    let mut frames: Vec<(Name, Sighting)> = fulls
        .iter()
        .map(|member| (name(member), of_member(member)))
        .collect();
    let mut left = Vec::new();
    for thumb in &thumbs {
        let fits = |(full, sighting): &&mut (Name, Sighting)| {
            *full == name(thumb) && sighting.thumbnail.is_none()
        };
        match frames.iter_mut().find(fits) {
            Some((_, sighting)) => sighting.thumbnail = Some(thumb.1.clone()),
            None => left.push(thumb),
        }
    }
    // A thumbnail in another folder or of another extension than its picture, in order.
    for thumb in left {
        let lacks = |(_, sighting): &&mut (Name, Sighting)| sighting.thumbnail.is_none();
        match frames.iter_mut().find(lacks) {
            Some((_, sighting)) => sighting.thumbnail = Some(thumb.1.clone()),
            None => frames.push((name(thumb), of_member(thumb))),
        }
    }
    // In one order, whichever of a frame's two addresses were seen.
    frames.sort_by(|(one, _), (other, _)| one.cmp(other));
    frames.into_iter().map(|(_, sighting)| sighting).collect()
}

/// What tells frames with one stem apart: folder and extension.
type Name = (String, String);

fn name((address, ..): &Member) -> Name {
    (address.folder.clone(), address.extension.clone())
}

fn of_member((address, text, position, beside): &Member) -> Sighting {
    let (full, thumbnail) = if address.is_thumbnail {
        (None, Some(text.clone()))
    } else {
        (Some(text.clone()), None)
    };
    Sighting {
        full,
        thumbnail,
        time: Some(address.time),
        position: *position,
        beside: beside.clone(),
    }
}

/// A bare file name or key is a shadow of a whole address with the same name, not another frame.
fn drop_shadows(list: Vec<Member>) -> Vec<Member> {
    let rich: Vec<(String, String)> = list
        .iter()
        .map(|(address, ..)| (address.folder.clone(), address.extension.clone()))
        .collect();
    list.into_iter()
        .filter(|(address, ..)| {
            !rich.iter().any(|(folder, extension)| {
                folder.len() > address.folder.len()
                    && folder.ends_with(&address.folder)
                    && *extension == address.extension
            })
        })
        .collect()
}

/// An address made absolute; the text itself where it is absolute already, word for word.
fn absolute(raw: &str, base: Option<&Url>) -> String {
    if raw.starts_with("http://") || raw.starts_with("https://") {
        return raw.to_owned();
    }
    base.and_then(|base| base.join(raw).ok())
        .map_or_else(|| raw.to_owned(), |url| url.to_string())
}
