/**
 * How a phone with an extension is stored: `phone` is the number alone, which rules, limits and older versions of Ringback read.
 * `phone_with_extension` is the whole, as `writtenPhone` writes it, or null. A version that does not know this column changes
 * only `phone`. Then the two do not belong together, and the extension is ignored. As SQL.
 */

/** @param phone an expression: the written form, or null */
export const numberIn = (phone: string): string => `split_part(${phone}, ';', 1)`;

/** Likewise. */
export const phoneIfExtended = (phone: string): string => `case when strpos(${phone}, ';') > 0 then ${phone} end`;

const isExtended = (table: string): string => `starts_with(${table}.phone_with_extension, ${table}.phone || ';')`;

/** The written form of a row's phone. @param table the name or alias */
export const phoneOf = (table: string): string =>
  `case when ${isExtended(table)} then ${table}.phone_with_extension else ${table}.phone end`;

export const extensionOf = (table: string): string =>
  `case when ${isExtended(table)} then split_part(${table}.phone_with_extension, ';ext=', 2) end`;

/** The numbers of a row that phones show. A row that another version has written has none. */
export const shownOf = (table: string): string => `coalesce(${table}.shown, '{"toCaller": null, "toCallee": null}')`;
