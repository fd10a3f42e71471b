//! Proves that a chain is complete: headers back to the genesis block, state and messages as far as asked, and the index of heights
//! beside them. Every block is compared with its CID, receipts too where they are here; those that are not can be computed.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::ControlFlow;
use std::rc::Rc;

use cid::Cid;
use filigree_blocks::TipsetKey;
use filigree_car::verify;
use fvm_ipld_encoding::{DAG_CBOR, from_slice};
use fvm_shared::clock::ChainEpoch;
use ipld_core::ipld::Ipld;

use crate::blocks::Blocks;
use crate::db::Db;
use crate::disk_set::DiskSet;
use crate::error::StoreError;
use crate::links::{follow, links};
use crate::report::{Counts, Pace, Report, tell};
use crate::walk::{Extent, Part, Place, Visitor, Walk};

/// How many missing blocks are named; all are counted.
const MAX_NAMED: usize = 100;

/// Memory of the search for the path to a missing block.
const SEARCH_BYTES: usize = 64 << 20;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// What was looked at.
    pub checked: CheckProgress,
    /// Blocks that are not here or not what their CIDs say, the first hundred by name.
    pub missing: Vec<MissingBlock>,
    /// How many there are. Blocks that are reached only through missing ones are not known.
    pub missing_count: u64,
    /// Heights at which the index does not have the chain's tipset, the first hundred.
    pub wrong_heights: Vec<ChainEpoch>,
    /// The height above which states and messages are to be here ([`Db::floor`]): below, none was looked for.
    pub floor: Option<ChainEpoch>,
}

impl CheckReport {
    /// Whether nothing is missing or wrong.
    pub fn is_good(&self) -> bool {
        self.missing_count == 0 && self.wrong_heights.is_empty()
    }
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckProgress {
    /// Height of the head.
    pub head: ChainEpoch,
    /// Height of the header looked at; they come from the highest down.
    pub height: ChainEpoch,
    /// Headers.
    pub headers: u64,
    /// Blocks of all kinds.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl CheckProgress {
    /// For whoever shows it.
    pub fn counts(&self) -> Counts {
        Counts::down("checking", self.head, self.height)
    }
}

/// A block that is not here, and how one gets to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingBlock {
    /// The block.
    pub cid: Cid,
    /// Whether it is here, with other bytes.
    pub is_damaged: bool,
    /// What it is part of.
    pub part: Part,
    /// Epoch of the header that leads to it.
    pub height: ChainEpoch,
    /// Where that part begins: a state root, …
    pub root: Cid,
    /// From there to the block: places in arrays and keys of maps, link after link; `None` if it was not looked for.
    pub path: Option<Vec<String>>,
}

impl fmt::Display for MissingBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_damaged {
            "damaged"
        } else {
            "missing"
        };
        let part = match self.part {
            Part::Header => "the headers",
            Part::Origin => "the origin of the genesis block",
            Part::Messages => "the messages",
            Part::Receipts => "the receipts",
            Part::State => "the state",
            Part::Pinned => "what is pinned",
        };
        write!(
            f,
            "block {} is {what}, in {part} of epoch {}",
            self.cid, self.height
        )?;
        if self.root != self.cid {
            write!(f, ", below {}", self.root)?;
        }
        match &self.path {
            Some(path) if !path.is_empty() => write!(f, " at {}", path.join("/")),
            _ => Ok(()),
        }
    }
}

/// Checks the chain that ends at `head`, or at the head of the index if none is given; `pins` are further trees that must be complete, such
/// as the state after the head.
///
/// # Errors
/// [`StoreError::NoHead`], [`StoreError::Busy`] while blocks are collected, [`StoreError::Stopped`]; or when the disk fails. What is missing
/// is in the report.
pub fn check(
    db: &Db,
    head: Option<&TipsetKey>,
    extent: Extent,
    pins: &[Cid],
    report: Report<'_, CheckProgress>,
) -> Result<CheckReport, StoreError> {
    let _permit = db.maintenance().walk("a check")?;
    let indexed = db.index().head()?;
    let key = match (head, &indexed) {
        (Some(key), _) => key.clone(),
        (None, Some(head)) => head.key.clone(),
        (None, None) => return Err(StoreError::NoHead),
    };
    let floor = db.floor()?;
    let mut walk = Walk::new(db, extent).down_to(floor.unwrap_or(ChainEpoch::MIN));
    let mut checker = Checker {
        db,
        // Another chain's heights are not in the index.
        is_indexed: indexed.is_some_and(|head| head.key == key),
        last_height: ChainEpoch::MAX,
        found: CheckReport {
            floor,
            ..CheckReport::default()
        },
        pace: Pace::new(),
        report,
    };
    walk.chain(key.cids(), None, &mut checker)?;
    for pin in pins {
        walk.tree(
            *pin,
            Part::Pinned,
            checker.found.checked.height,
            &mut checker,
        )?;
    }
    drop(walk);
    checker.find_paths()?;
    tell(checker.report, &checker.found.checked)?;
    Ok(checker.found)
}

struct Checker<'a> {
    db: &'a Db,
    is_indexed: bool,
    last_height: ChainEpoch,
    found: CheckReport,
    pace: Pace,
    report: Report<'a, CheckProgress>,
}

impl Checker<'_> {
    fn add_missing(&mut self, place: &Place, is_damaged: bool) {
        self.found.missing_count += 1;
        if self.found.missing.len() < MAX_NAMED {
            self.found.missing.push(MissingBlock::at(place, is_damaged));
        }
    }

    fn check_index(&mut self, place: &Place) -> Result<(), StoreError> {
        let Place { cid, height, .. } = *place;
        let tipset = self.db.index().tipset_at(height)?;
        let mut is_right = tipset.is_some_and(|key| key.cids().contains(&cid));
        // Between two tipsets of the chain the index has none.
        if height < self.last_height && self.last_height < ChainEpoch::MAX {
            let between = height + 1..=self.last_height - 1;
            is_right &= self.db.index().tipsets(between).next().is_none();
        }
        self.last_height = height;
        if !is_right && self.found.wrong_heights.len() < MAX_NAMED {
            self.found.wrong_heights.push(height);
        }
        Ok(())
    }
}

impl Checker<'_> {
    /// Finds a path to each missing block: the parts that have some are walked once more, with the way to each block that is open.
    fn find_paths(&mut self) -> Result<(), StoreError> {
        let mut wanted: HashMap<Cid, HashMap<Cid, usize>> = HashMap::new();
        for (index, block) in self.found.missing.iter().enumerate() {
            let in_part = wanted.entry(block.root).or_default();
            in_part.insert(block.cid, index);
        }
        let checked = self.found.checked;
        for (root, mut in_part) in wanted {
            search(self.db, root, &mut |cid, path| {
                if let Some(index) = in_part.remove(cid) {
                    self.found.missing[index].path = Some(path.segments());
                }
                if self.pace.is_due() {
                    tell(self.report, &checked)?;
                }
                Ok(if in_part.is_empty() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        }
        Ok(())
    }
}

impl Visitor for Checker<'_> {
    fn block(&mut self, place: &Place, data: &[u8]) -> Result<bool, StoreError> {
        let checked = &mut self.found.checked;
        checked.blocks += 1;
        checked.bytes += data.len() as u64;
        if place.part == Part::Header {
            if checked.headers == 0 {
                checked.head = place.height;
            }
            checked.headers += 1;
            checked.height = place.height;
        }
        if self.pace.is_due() {
            tell(self.report, checked)?;
        }
        if verify(0, &place.cid, data).is_err() {
            self.add_missing(place, true);
            return Ok(false);
        }
        if place.part == Part::Header && self.is_indexed {
            self.check_index(place)?;
        }
        Ok(true)
    }

    fn missing(&mut self, place: &Place) -> Result<(), StoreError> {
        if !place.may_be_missing() {
            let is_damaged = self.db.blocks().read(&place.cid)?.is_some();
            self.add_missing(place, is_damaged);
        }
        Ok(())
    }
}

impl MissingBlock {
    pub(crate) fn at(place: &Place, is_damaged: bool) -> Self {
        Self {
            cid: place.cid,
            is_damaged,
            part: place.part,
            height: place.height,
            root: place.root,
            path: None,
        }
    }
}

/// How one gets to a block, from the end.
struct Path {
    segment: String,
    before: Option<Rc<Path>>,
}

impl Path {
    fn segments(&self) -> Vec<String> {
        let mut segments = VecDeque::new();
        let mut at = Some(self);
        while let Some(path) = at {
            if !path.segment.is_empty() {
                segments.push_front(path.segment.clone());
            }
            at = path.before.as_deref();
        }
        segments.into()
    }
}

/// Is told of a block and the path to it; Break ends the search.
type Meet<'a> = &'a mut dyn FnMut(&Cid, &Path) -> Result<ControlFlow<()>, StoreError>;

/// Tells `meet` of every block below `root`, with its path.
fn search(db: &Db, root: Cid, meet: Meet<'_>) -> Result<(), StoreError> {
    let blocks = db.blocks();
    let mut seen = DiskSet::new(db.clone(), SEARCH_BYTES);
    let start = Path {
        segment: String::new(),
        before: None,
    };
    let mut open = vec![(root, Rc::new(start))];
    while let Some((cid, path)) = open.pop() {
        if !seen.insert(&cid)? {
            continue;
        }
        if meet(&cid, &path)?.is_break() {
            return Ok(());
        }
        for (segment, link) in named_links(&blocks, &cid)?.into_iter().rev() {
            let path = Path {
                segment,
                before: Some(Rc::clone(&path)),
            };
            open.push((link, Rc::new(path)));
        }
    }
    Ok(())
}

/// The links of a block with their places in it; none if it is not here.
fn named_links(blocks: &Blocks, cid: &Cid) -> Result<Vec<(String, Cid)>, StoreError> {
    let mut found = Vec::new();
    if cid.codec() != DAG_CBOR {
        return Ok(found);
    }
    let Some(block) = blocks.read(cid)? else {
        return Ok(found);
    };
    match from_slice::<Ipld>(&block) {
        Ok(value) => name_links(&value, String::new(), &mut found),
        // What is not written as strictly as that has links without names.
        Err(_) => {
            let mut bare = Vec::new();
            let _ = links(cid, &block, &mut bare);
            found.extend(bare.into_iter().map(|link| ("?".to_owned(), link)));
        }
    }
    Ok(found)
}

/// Values are as deep as the decoder lets them be.
fn name_links(value: &Ipld, path: String, found: &mut Vec<(String, Cid)>) {
    let under = |segment: &str| match path.as_str() {
        "" => segment.to_owned(),
        path => format!("{path}/{segment}"),
    };
    match value {
        Ipld::List(items) => {
            for (index, item) in items.iter().enumerate() {
                name_links(item, under(&index.to_string()), found);
            }
        }
        Ipld::Map(entries) => {
            for (key, item) in entries {
                name_links(item, under(key), found);
            }
        }
        Ipld::Link(cid) => {
            let mut links = Vec::new();
            let _ = follow(cid, &mut links);
            found.extend(links.into_iter().map(|link| (path.clone(), link)));
        }
        _ => {}
    }
}
