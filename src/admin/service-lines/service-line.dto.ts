import { ApiProperty, ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  NAME_LENGTH,
  nameRule,
  orNone,
  phoneRule,
  trimmed,
  wholeNumberRule,
  booleanRule,
} from '../../directory/field-rules.js';
import {
  HUNT_ORDERS,
  huntRule,
  HUNTED_RING_SECONDS,
  linePhonesRule,
  LONGEST_RING_SECONDS,
  MAX_PHONES,
  SHORTEST_RING_SECONDS,
  type HuntOrder,
  type LinePhone,
} from '../../directory/line-phones.js';
import { MAX_HOLIDAYS, MAX_RANGES_A_DAY, openingHoursRule, type OpeningHours } from '../../directory/opening-hours.js';
import { MAX_CALLS_AT_ONCE, MAX_POSITION } from '../../directory/service-line.service.js';
import { Optional, OptionalBeside, Satisfies } from '../../directory/satisfies.js';
import { shownRule, type ShownNumbers, type WrittenNumbers } from '../../directory/shown-numbers.js';
import { SHOWN_EXAMPLE, ShownNumbersBody, ShownNumbersReply } from '../shown.dto.js';

const Ranges = (example: string[]): PropertyDecorator =>
  ApiPropertyOptional({
    type: [String],
    pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
    maxItems: MAX_RANGES_A_DAY,
    example,
  });

const WORKDAY = ['09:00-12:00', '13:30-18:00'];
const WEEK = { monday: WORKDAY, tuesday: WORKDAY, wednesday: WORKDAY, thursday: WORKDAY, friday: ['09:00-18:00'] };
const HOURS = { timeZone: 'Asia/Shanghai', week: WEEK, holidays: ['2026-10-01', '2026-10-02'] };

export class OpeningWeek {
  @Ranges(WORKDAY)
  monday?: string[];

  @Ranges(WORKDAY)
  tuesday?: string[];

  @Ranges(WORKDAY)
  wednesday?: string[];

  @Ranges(WORKDAY)
  thursday?: string[];

  @Ranges(['09:00-18:00'])
  friday?: string[];

  @Ranges(['22:00-02:00'])
  saturday?: string[];

  @Ranges([])
  sunday?: string[];
}

export class OpeningHoursBody implements OpeningHours {
  @ApiProperty({ description: 'A name of the IANA database.', example: HOURS.timeZone })
  timeZone: string;

  @ApiProperty({
    description:
      'Ranges of times by weekday, which do not overlap; at least one. A day without ranges is closed. 00:00-24:00 is the whole ' +
      'day. A range that ends no later than it begins ends on the next day: 22:00-02:00.',
    example: WEEK,
  })
  week: OpeningWeek;

  @ApiPropertyOptional({
    type: [String],
    pattern: '^20[0-9]{2}-[01][0-9]-[0-3][0-9]$',
    maxItems: MAX_HOLIDAYS,
    description: 'Dates on which no range begins.',
    example: HOURS.holidays,
  })
  holidays?: string[];
}

const SHOWN =
  'The numbers that the two phones show when this line is called. They replace those of the caller and of the providers’ settings; ' +
  'those of a request replace them. Each must be allowed at the providers that carry the calls.';

const RING_SECONDS = {
  type: 'integer',
  nullable: true,
  minimum: SHORTEST_RING_SECONDS,
  maximum: LONGEST_RING_SECONDS,
  description: `How long it may ring. \`null\`: ${HUNTED_RING_SECONDS} s if there are several phones, but no longer than \`RING_CALLEE\`; \`RING_CALLEE\` if there is one.`,
  example: 15,
} as const;

export class LinePhoneBody {
  @ApiProperty({ description: 'As `phone` of the line.', example: '010-56469588' })
  phone: string;

  @ApiPropertyOptional(RING_SECONDS)
  ringSeconds?: number | null;
}

class LinePhoneReply implements LinePhone {
  @ApiProperty({ example: '+861056469588' })
  phone: string;

  @ApiProperty(RING_SECONDS)
  ringSeconds: number | null;
}

const PHONES_EXAMPLE = [{ phone: '010-56469588', ringSeconds: 15 }, { phone: '13800138000' }];
const HUNT =
  'Which phone a call tries first. `order`: the first of `phones`. `turn`: the one after the one that took the last call.';

export class NewServiceLine {
  @ApiProperty({ description: 'Blanks around it are dropped.', minLength: 1, maxLength: NAME_LENGTH, example: '售后' })
  @Transform(({ value }) => trimmed(value))
  @Satisfies(nameRule)
  name: string;

  @ApiPropertyOptional({
    description:
      'In any common notation, also with an extension: 010-56469588转8001. Emergency and premium-rate numbers are refused. ' +
      'A line has either this or `phones`.',
    example: '400-000-0000',
  })
  @OptionalBeside('phones')
  @Satisfies(phoneRule)
  phone?: string;

  @ApiPropertyOptional({
    type: [LinePhoneBody],
    minItems: 1,
    maxItems: MAX_PHONES,
    description:
      'In place of `phone`: phones that one call tries one after the other, until one answers. No number may be there twice. ' +
      'Together they ring for less than `LONGEST_RINGING`. Refused if no provider that is set can try a second number.',
    example: PHONES_EXAMPLE,
  })
  @Optional()
  @Satisfies(linePhonesRule)
  phones?: LinePhoneBody[];

  @ApiPropertyOptional({ enum: HUNT_ORDERS, description: HUNT, example: 'order' })
  @Optional()
  @Satisfies(huntRule)
  hunt?: HuntOrder;

  @ApiProperty({ description: 'A closed line is not rung, whatever its hours.', example: true })
  @Satisfies(booleanRule)
  open: boolean;

  @ApiPropertyOptional({
    type: OpeningHoursBody,
    nullable: true,
    description: 'When an open line is rung. `null`: always.',
    example: HOURS,
  })
  @Optional()
  @Satisfies(openingHoursRule)
  hours?: OpeningHoursBody | null;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: MAX_CALLS_AT_ONCE,
    description: 'How many calls the line has at a time. `null`: no limit.',
    example: 5,
  })
  @Optional()
  @Satisfies(orNone(wholeNumberRule(1, MAX_CALLS_AT_ONCE)))
  callsAtOnce?: number | null;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    maximum: MAX_POSITION,
    description: 'The line with the lowest position is rung, of those that are open now and have a call to spare.',
    example: 1,
  })
  @Satisfies(wholeNumberRule(0, MAX_POSITION))
  position: number;

  @ApiPropertyOptional({ type: ShownNumbersBody, example: SHOWN_EXAMPLE, description: SHOWN })
  @Optional()
  @Satisfies(shownRule)
  shown?: WrittenNumbers;
}

export class ServiceLineChangeBody extends PartialType(NewServiceLine, { skipNullProperties: false }) {}

export class ServiceLineReply extends OmitType(NewServiceLine, [
  'phone',
  'phones',
  'hunt',
  'hours',
  'callsAtOnce',
  'shown',
]) {
  @ApiProperty({ description: 'The first of `phones`.', example: '+864000000000' })
  phone: string;

  @ApiProperty({ type: [LinePhoneReply], description: 'In the order of the line.' })
  phones: readonly LinePhoneReply[];

  @ApiProperty({ enum: HUNT_ORDERS, description: HUNT, example: 'order' })
  hunt: HuntOrder;

  @ApiProperty({ type: ShownNumbersReply, example: SHOWN_EXAMPLE, description: SHOWN })
  shown: ShownNumbers;

  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;

  @ApiProperty({
    type: OpeningHoursBody,
    nullable: true,
    description: 'When an open line is rung. `null`: always.',
    example: HOURS,
  })
  hours: OpeningHours | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'How many calls the line has at a time. `null`: no limit.',
    example: 5,
  })
  callsAtOnce: number | null;
}

export class ServiceLinePage {
  @ApiProperty({ type: [ServiceLineReply] })
  items: readonly ServiceLineReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '1-1' })
  next: string | null;
}
