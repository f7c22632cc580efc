/** Asterisk's detail records, as cdr_csv writes them. */

export interface CallDetail {
  /** The channel that leg A was joined to, or was to be joined to. Empty if there was no leg B. */
  readonly legB: string;
  readonly disposition: string;
}

/** Column indexes. */
const [LEG_B, DISPOSITION] = [6, 14];

/** The records of the file with this account code. */
export const callDetailsIn = (csv: string, accountCode: string): CallDetail[] =>
  csv
    .split('\n')
    .filter((line) => line.includes(accountCode))
    .map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, text, bare]) => text ?? bare))
    .map((fields) => ({ legB: fields[LEG_B] ?? '', disposition: fields[DISPOSITION] ?? '' }));

export const wereJoined = (details: readonly CallDetail[]): boolean =>
  details.some(({ legB, disposition }) => legB !== '' && disposition === 'ANSWERED');
