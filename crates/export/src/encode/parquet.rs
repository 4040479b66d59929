//! Parquet, a group of rows at a time. Each group is made as a file of its own, and its bytes are moved to where they go: so nothing
//! but the footer has to be remembered from one group to the next, and a file that was cut short goes on behind its last group.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::Memory;
use crate::columns::{Column, Kind, Row, Value};

/// How a Parquet file begins and ends.
const MAGIC: &[u8] = b"PAR1";
/// What follows the metadata at the end of a file: its length, and the magic.
const TAIL: usize = 8;
/// Who made it: without a version, since the same question gives the same bytes.
const CREATOR: &str = "draywatch";

/// Writes a group of rows, and with the first also the beginning of the file.
pub(super) fn block(
    memory: &mut Memory,
    columns: &[Column],
    rows: &[Row],
    out: &mut Vec<u8>,
) -> Result<()> {
    if !memory.begun {
        out.extend(MAGIC);
    }
    let mut groups = groups(&memory.footer)?;
    if !rows.is_empty() {
        let at = memory.length + u64::try_from(out.len()).unwrap_or(0);
        let (bytes, group) = alone(columns, rows)?;
        groups.push(moved(&group, at, groups.len())?);
        out.extend(&bytes[MAGIC.len()..]);
    }
    memory.footer = footer(columns, groups)?;
    Ok(())
}

/// The groups that a footer tells of.
fn groups(footer: &[u8]) -> Result<Vec<RowGroupMetaData>> {
    if footer.len() < TAIL {
        return Ok(Vec::new());
    }
    let metadata = ParquetMetaDataReader::decode_metadata(&footer[..footer.len() - TAIL])?;
    Ok(metadata.row_groups().to_vec())
}

/// A file with that group only, without its end.
fn alone(columns: &[Column], rows: &[Row]) -> Result<(Vec<u8>, RowGroupMetaData)> {
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(columns)?, properties())?;
    let mut group = writer.next_row_group()?;
    let mut nth = 0;
    while let Some(column) = group.next_column()? {
        write_column(column, columns[nth], rows, nth)?;
        nth += 1;
    }
    let metadata = group.close()?;
    writer.flush()?;
    Ok((writer.inner().clone(), (*metadata).clone()))
}

/// The same group where `at` is the place of what follows the magic.
fn moved(group: &RowGroupMetaData, at: u64, ordinal: usize) -> Result<RowGroupMetaData> {
    let magic = i64::try_from(MAGIC.len()).unwrap_or(0);
    let by = i64::try_from(at).unwrap_or(i64::MAX) - magic;
    let (rows, size) = (group.num_rows(), group.total_byte_size());
    let place = group.file_offset().unwrap_or(magic) + by;
    let schema = group.schema_descr_ptr();
    let columns = group.columns().iter().map(|column| {
        let data = column.data_page_offset() + by;
        let dictionary = column.dictionary_page_offset().map(|place| place + by);
        let column = column.clone().into_builder();
        let column = column.set_data_page_offset(data);
        column.set_dictionary_page_offset(dictionary).build()
    });
    RowGroupMetaData::builder(schema)
        .set_num_rows(rows)
        .set_total_byte_size(size)
        .set_column_metadata(columns.collect::<Result<_>>()?)
        .set_ordinal(i32::try_from(ordinal).unwrap_or(i32::MAX))
        .set_file_offset(place)
        .build()
}

/// The end of a file with these groups.
fn footer(columns: &[Column], groups: Vec<RowGroupMetaData>) -> Result<Vec<u8>> {
    let rows = groups.iter().map(RowGroupMetaData::num_rows).sum();
    let schema = Arc::new(SchemaDescriptor::new(schema(columns)?));
    let orders = None;
    let file = FileMetaData::new(1, rows, Some(CREATOR.to_owned()), None, schema, orders);
    let metadata = ParquetMetaData::new(file, groups);
    let mut bytes = Vec::new();
    ParquetMetaDataWriter::new(&mut bytes, &metadata).finish()?;
    Ok(bytes)
}

fn properties() -> WriterPropertiesPtr {
    let properties = WriterProperties::builder()
        .set_created_by(CREATOR.to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    Arc::new(properties.build())
}

fn schema(columns: &[Column]) -> Result<TypePtr> {
    let fields: Result<Vec<TypePtr>> = columns.iter().map(field).collect();
    let schema = Type::group_type_builder("schema").with_fields(fields?);
    Ok(Arc::new(schema.build()?))
}

fn field(column: &Column) -> Result<TypePtr> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Small => (Physical::INT32, None),
        Kind::Big => (Physical::INT64, None),
        Kind::Flag => (Physical::BOOLEAN, None),
        Kind::Time => {
            let time = LogicalType::timestamp(true, TimeUnit::MICROS);
            (Physical::INT64, Some(time))
        }
    };
    let repetition = if column.optional {
        Repetition::OPTIONAL
    } else {
        Repetition::REQUIRED
    };
    let field = Type::primitive_type_builder(column.name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical);
    Ok(Arc::new(field.build()?))
}

/// Writes the values of one column of all rows.
fn write_column(
    mut to: SerializedColumnWriter<'_>,
    column: Column,
    rows: &[Row],
    nth: usize,
) -> Result<()> {
    let values = || rows.iter().map(|row| &row[nth]);
    let levels: Vec<i16> = values()
        .map(|value| i16::from(*value != Value::Null))
        .collect();
    let levels = column.optional.then_some(&levels[..]);
    match column.kind {
        Kind::Text => {
            let texts: Vec<ByteArray> = values().filter_map(text).collect();
            to.typed::<ByteArrayType>()
                .write_batch(&texts, levels, None)?;
        }
        Kind::Flag => {
            let flags: Vec<bool> = values().filter_map(flag).collect();
            to.typed::<BoolType>().write_batch(&flags, levels, None)?;
        }
        Kind::Small => {
            let small = |value| number(value).map(|n| i32::try_from(n).unwrap_or(i32::MAX));
            let numbers: Vec<i32> = values().filter_map(small).collect();
            to.typed::<Int32Type>()
                .write_batch(&numbers, levels, None)?;
        }
        Kind::Big | Kind::Time => {
            let numbers: Vec<i64> = values().filter_map(number).collect();
            to.typed::<Int64Type>()
                .write_batch(&numbers, levels, None)?;
        }
    }
    to.close()
}

fn text(value: &Value) -> Option<ByteArray> {
    match value {
        Value::Text(text) => Some(text.as_str().into()),
        _ => None,
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(*flag),
        _ => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Time(at) => Some(at.timestamp_micros()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    use proptest::prelude::*;

    use super::super::{encode, end};
    use super::*;
    use crate::{Format, Table};

    fn row(nth: usize) -> Row {
        let at = chrono::DateTime::from_timestamp_micros(i64::try_from(nth).unwrap()).unwrap();
        let reason = if nth.is_multiple_of(3) {
            Value::Null
        } else {
            Value::Text(format!("http_{nth}"))
        };
        vec![
            Value::Time(at),
            Value::Text(format!("camera_{}", nth % 2)),
            Value::Number(i64::try_from(nth % 144).unwrap()),
            Value::Text("stored".into()),
            reason,
        ]
    }

    proptest! {
        #[test]
        fn groups_are_found_where_they_were_moved_to(blocks in proptest::collection::vec(1usize..40, 0..6)) {
            let of = (Table::Slots, Format::Parquet);
            let (mut memory, mut file, mut count) = (Memory::default(), Vec::new(), 0);
            for block in &blocks {
                let rows: Vec<Row> = (count..count + block).map(row).collect();
                file.extend(encode(&mut memory, of, &rows).unwrap());
                count += block;
                let text = serde_json::to_string(&memory).unwrap();
                memory = serde_json::from_str(&text).unwrap();
            }
            file.extend(end(&mut memory, of).unwrap());
            let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
            prop_assert_eq!(reader.num_row_groups(), blocks.len());
            let mut read = 0;
            for found in reader.get_row_iter(None).unwrap() {
                let found = found.unwrap();
                prop_assert_eq!(found.get_timestamp_micros(0).unwrap(), i64::try_from(read).unwrap());
                prop_assert_eq!(found.get_string(1).unwrap(), &format!("camera_{}", read % 2));
                if let Ok(reason) = found.get_string(4) {
                    prop_assert_eq!(reason, &format!("http_{read}"));
                } else {
                    prop_assert_eq!(read % 3, 0);
                }
                read += 1;
            }
            prop_assert_eq!(read, count);
        }
    }
}
