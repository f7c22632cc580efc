/** Bars on top of each other. Pure. */

interface Part {
  /** By slot. */
  readonly values: readonly (number | null)[];
}

const heightAt = (parts: readonly Part[], place: number): number =>
  parts.reduce((sum, { values }) => sum + (values[place] ?? 0), 0);

/** As bars that all begin at nought: each is as high as its part and those below. The highest come first, to be drawn behind. */
export const stacked = <P extends Part>(parts: readonly P[]): readonly P[] =>
  parts
    .map((part, above) => ({
      ...part,
      values: part.values.map((_, place) => heightAt(parts.slice(0, above + 1), place)),
    }))
    .toReversed();

/** The part that is drawn at a height; undefined above the bar. */
export const partAt = <P extends Part>(parts: readonly P[], place: number, height: number): P | undefined =>
  parts.find(({ values }, above) => (values[place] ?? 0) > 0 && height <= heightAt(parts.slice(0, above + 1), place));
