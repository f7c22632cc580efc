import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../common/error-table.js';
import { isLong } from '../common/long.js';
import { CONFIG, type Config } from '../config/config.js';
import { dialablePhone } from './dialable-phone.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../common/page.js';
import type { ServiceLine as ServiceLineRow } from './service-line.entity.js';

export type ServiceLine = Readonly<ServiceLineRow>;

/** Absent fields stay unchanged. */
export type ServiceLineChange = { readonly [K in keyof Omit<ServiceLine, 'id'>]?: ServiceLine[K] | undefined };

/** The maximum of PostgreSQL's integer. */
export const MAX_POSITION = 2_147_483_647;

const noSuchLine = (): AppError => new AppError('NOT_FOUND', { detail: 'There is no such service line.' });

/** Manages the customer-service numbers, in the order in which they are tried. */
@Injectable()
export class ServiceLineService {
  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async create({ name, phone, open, position }: Omit<ServiceLine, 'id'>): Promise<ServiceLine> {
    const [line] = await this.database.query<[ServiceLine]>(
      `insert into service_line (name, phone, open, position) values ($1, $2, $3, $4)
       returning id, name, phone, open, position`,
      [name, dialablePhone(phone, this.config.phoneRegion), open, position],
    );
    return line;
  }

  async find(id: string): Promise<ServiceLine> {
    const [line] = isLong(id)
      ? await this.database.query<ServiceLine[]>(
          'select id, name, phone, open, position from service_line where id = $1',
          [id],
        )
      : [];
    if (!line) throw noSuchLine();
    return line;
  }

  async list({ after, limit }: PageRequest): Promise<Page<ServiceLine>> {
    const rows = await this.database.query<ServiceLine[]>(
      `select id, name, phone, open, position from service_line
       where (position, id) > ($1, $2)
       order by position, id
       limit $3`,
      [...placeOf(after), limit + 1],
    );
    return pageOf(rows, limit, ({ position, id }) => `${position}-${id}`);
  }

  async change(id: string, { name, phone, open, position }: ServiceLineChange): Promise<ServiceLine> {
    if (!isLong(id)) throw noSuchLine();
    const [[line]] = await this.database.query<[ServiceLine[], number]>(
      `update service_line
       set name = coalesce($2, name), phone = coalesce($3, phone),
         open = coalesce($4, open), position = coalesce($5, position)
       where id = $1
       returning id, name, phone, open, position`,
      [
        id,
        name ?? null,
        phone === undefined ? null : dialablePhone(phone, this.config.phoneRegion),
        open ?? null,
        position ?? null,
      ],
    );
    if (!line) throw noSuchLine();
    return line;
  }

  async remove(id: string): Promise<void> {
    if (!isLong(id)) throw noSuchLine();
    const [, removed] = await this.database.query<[unknown, number]>('delete from service_line where id = $1', [id]);
    if (removed === 0) throw noSuchLine();
  }
}

const placeOf = (cursor: string | undefined): [position: number, id: string] => {
  if (cursor === undefined) return [0, '0'];
  const [, position = '', id = ''] = /^(\d{1,10})-(\d+)$/.exec(cursor) ?? [];
  if (!isLong(id) || Number(position) > MAX_POSITION) throw badCursor();
  return [Number(position), id];
};
