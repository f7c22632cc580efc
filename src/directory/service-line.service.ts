import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { changedFields } from '../audit/masked-facts.js';
import { targetOf } from '../audit/target.js';
import { AppError } from '../common/error-table.js';
import { isLong } from '../common/long.js';
import { CONFIG, type Config } from '../config/config.js';
import { dialledPhoneWritten } from './dialable-phone.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../common/page.js';
import { phonesOfRow, storedPhones, type HuntOrder, type LinePhone, type WrittenPhone } from './line-phones.js';
import type { OpeningHours } from './opening-hours.js';
import { numberIn, phoneIfExtended, phoneOf, shownOf } from './phone-columns.js';
import { storedShown, type ShownNumbers, type WrittenNumbers } from './shown-numbers.js';
import type { ServiceLine as ServiceLineRow } from './service-line.entity.js';

/** `phone` is in its written form: the first of `phones`. */
export type ServiceLine = Readonly<
  Omit<ServiceLineRow, 'phoneWithExtension' | 'shown' | 'phones' | 'hunt' | 'lastPhone' | 'lastTakenAt'>
> & {
  readonly phones: readonly LinePhone[];
  readonly hunt: HuntOrder;
  readonly shown: ShownNumbers;
};

/** Absent fields stay unchanged. */
export type ServiceLineChange = {
  readonly [K in keyof Omit<ServiceLine, 'id' | 'shown' | 'phones'>]?: ServiceLine[K] | undefined;
} & {
  /** In place of `phone`. */
  readonly phones?: readonly WrittenPhone[] | undefined;
  readonly shown?: WrittenNumbers | undefined;
};

/** Absent: always open, no limit, and no numbers of its own. Of `phone` and `phones` there is one. */
export type NewLine = Omit<ServiceLine, 'id' | 'phone' | 'phones' | 'hunt' | 'hours' | 'callsAtOnce' | 'shown'> &
  Pick<ServiceLineChange, 'phone' | 'phones' | 'hunt' | 'hours' | 'callsAtOnce' | 'shown'>;

/** The maximum of PostgreSQL's integer. */
export const MAX_POSITION = 2_147_483_647;

const noSuchLine = (): AppError => new AppError('NOT_FOUND', { detail: 'There is no such service line.' });

const noSinglePhone = (): AppError =>
  new AppError('BAD_REQUEST', { faults: [{ where: '/phone', what: 'give either phone or phones' }] });

/** Nobody answers more phones than that on one line, and the statement that opens a call looks for a free one. */
export const MAX_CALLS_AT_ONCE = 1_000;

const SHOWN = `id, name, ${phoneOf('service_line')} as phone, open, hours, calls_at_once as "callsAtOnce", position,
  ${shownOf('service_line')} as shown, phones as "storedPhones", coalesce(hunt, 'order') as hunt`;

type Row = Omit<ServiceLine, 'phones'> & { readonly storedPhones: unknown };

const lineOf = ({ storedPhones: stored, ...line }: Row): ServiceLine => {
  const { phone } = line;
  const phones = phonesOfRow(stored, phone.split(';', 1)[0] ?? null);
  return { ...line, phones: phones.length > 0 ? phones : [{ phone, ringSeconds: null }] };
};

interface Dialled {
  /** The first, in its written form. */
  readonly phone: string;
  /** JSON; null for one phone of which nothing is said. */
  readonly phones: string | null;
}

/** Manages the customer-service numbers, in the order in which they are tried. */
@Injectable()
export class ServiceLineService {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  create(
    { name, phone, phones, hunt, open, hours = null, callsAtOnce = null, position, shown = {} }: NewLine,
    author: Author,
  ): Promise<ServiceLine> {
    const dialled = this.dialled(phone, phones);
    if (dialled === null) throw noSinglePhone();
    const numbers = JSON.stringify(storedShown(shown, this.config.phoneRegion));
    const values = [name, dialled.phone, open, jsonOf(hours), callsAtOnce, position, numbers];
    return this.audit.change(author, async (database) => {
      const [row] = await database.query<[Row]>(
        `insert into service_line
           (name, phone, phone_with_extension, open, hours, calls_at_once, position, shown, phones, hunt)
         values ($1, ${numberIn('$2')}, ${phoneIfExtended('$2')}, $3, $4, $5, $6, $7, $8, $9)
         returning ${SHOWN}`,
        [...values, dialled.phones, hunt ?? null],
      );
      const line = lineOf(row);
      return { result: line, entry: { target: targetOf('service-line', line.id), after: factsOf(line) } };
    });
  }

  async find(id: string): Promise<ServiceLine> {
    const [row] = isLong(id)
      ? await this.database.query<Row[]>(`select ${SHOWN} from service_line where id = $1`, [id])
      : [];
    if (!row) throw noSuchLine();
    return lineOf(row);
  }

  async list({ after, limit }: PageRequest): Promise<Page<ServiceLine>> {
    const rows = await this.database.query<Row[]>(
      `select ${SHOWN} from service_line
       where (position, id) > ($1, $2)
       order by position, id
       limit $3`,
      [...placeOf(after), limit + 1],
    );
    return pageOf(rows.map(lineOf), limit, ({ position, id }) => `${position}-${id}`);
  }

  async change(id: string, change: ServiceLineChange, author: Author): Promise<ServiceLine> {
    if (!isLong(id)) throw noSuchLine();
    const { name, phone, phones, hunt, open, hours, callsAtOnce, position, shown } = change;
    const dialled = this.dialled(phone, phones);
    const numbers = shown === undefined ? null : JSON.stringify(storedShown(shown, this.config.phoneRegion));
    return this.audit.change(author, async (database) => {
      const before = await lockedLine(database, id);
      const [[row]] = await database.query<[[Row], number]>(
        `update service_line
         set name = coalesce($2, name), phone = coalesce(${numberIn('$3')}, phone),
           phone_with_extension = case when $3 is null then phone_with_extension else ${phoneIfExtended('$3')} end,
           open = coalesce($4, open), position = coalesce($5, position),
           hours = case when $6 then $7 else hours end,
           calls_at_once = case when $8 then $9 else calls_at_once end,
           shown = coalesce($10, shown),
           phones = case when $3 is null then phones else $11 end, hunt = coalesce($12, hunt)
         where id = $1
         returning ${SHOWN}`,
        [
          ...[id, name ?? null, dialled?.phone ?? null, open ?? null, position ?? null],
          ...[hours !== undefined, jsonOf(hours ?? null), callsAtOnce !== undefined, callsAtOnce ?? null],
          ...[numbers, dialled?.phones ?? null, hunt ?? null],
        ],
      );
      const line = lineOf(row);
      return {
        result: line,
        entry: { target: targetOf('service-line', id), ...changedFields(factsOf(before), factsOf(line)) },
      };
    });
  }

  async remove(id: string, author: Author): Promise<void> {
    if (!isLong(id)) throw noSuchLine();
    await this.audit.change(author, async (database) => {
      const before = await lockedLine(database, id);
      await database.query('delete from service_line where id = $1', [id]);
      return { result: undefined, entry: { target: targetOf('service-line', id), before: factsOf(before) } };
    });
  }

  /** Null if neither is given. */
  private dialled(phone: string | undefined, phones: readonly WrittenPhone[] | undefined): Dialled | null {
    if (phone !== undefined && phones !== undefined) throw noSinglePhone();
    if (phones === undefined) {
      return phone === undefined ? null : { phone: dialledPhoneWritten(phone, this.config.phoneRegion), phones: null };
    }
    const stored = storedPhones(phones, this.config.phoneRegion, this.config);
    const [first = { phone: '', ringSeconds: null }, ...others] = stored;
    const isPlain = others.length === 0 && first.ringSeconds === null;
    return { phone: first.phone, phones: isPlain ? null : JSON.stringify(stored) };
  }
}

const lockedLine = async (database: EntityManager, id: string): Promise<ServiceLine> => {
  const [row] = await database.query<Row[]>(`select ${SHOWN} from service_line where id = $1 for update`, [id]);
  if (!row) throw noSuchLine();
  return lineOf(row);
};

const factsOf = ({ id: _id, ...facts }: ServiceLine): Omit<ServiceLine, 'id'> => facts;

const jsonOf = (hours: OpeningHours | null): string | null => hours && JSON.stringify(hours);

const placeOf = (cursor: string | undefined): [position: number, id: string] => {
  if (cursor === undefined) return [0, '0'];
  const [, position = '', id = ''] = /^(\d{1,10})-(\d+)$/.exec(cursor) ?? [];
  if (!isLong(id) || Number(position) > MAX_POSITION) throw badCursor();
  return [Number(position), id];
};
