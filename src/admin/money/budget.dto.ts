import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { isTimeZone } from '../../common/local-time.js';
import { AN_INSTANT } from '../../call/search/call-view.openapi.js';
import { BUDGET_KINDS, BUDGET_PERIODS, type BudgetKind, type BudgetPeriod } from '../../call/spending/budget.entity.js';
import { NO_TIME_ZONE, type NewBudget, type ShownBudget } from '../../call/spending/budgets.service.js';
import { AMOUNT_PATTERN, amountRule } from '../../call/spending/amount-rule.js';
import { SUB_ACCOUNT_ID_LENGTH, textRule, type FieldRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';

/** The longest is a sub-account's: the name of its provider, a slash, and its id there. */
const SUBJECT_LENGTH = 50 + SUB_ACCOUNT_ID_LENGTH;

const oneOf =
  (known: readonly string[]): FieldRule =>
  (value) =>
    known.some((one) => one === value) ? null : `must be one of ${known.join(', ')}`;

/** PostgreSQL begins the periods. It takes a name without a slash for an abbreviation first: its BST is no zone of the IANA. */
const timeZoneRule: FieldRule = (value) =>
  typeof value === 'string' && isTimeZone(value) && (value.includes('/') || value === 'UTC') ? null : NO_TIME_ZONE;

const KIND = {
  enum: BUDGET_KINDS,
  description: '`user`: the calls that a user places; `sub_account`: those under a sub-account; `all`: all of them.',
  example: 'user',
};
const SUBJECT =
  'A user’s id, or `*` for each user, who then has the whole amount; `<provider>/<externalId>` of a sub-account';
const PERIOD = { enum: BUDGET_PERIODS, description: 'From midnight, or the first of the month.', example: 'day' };
const TIME_ZONE = {
  description: 'Of the IANA database, with a slash, or `UTC`; its clock begins a period.',
  example: 'Asia/Shanghai',
};
const AMOUNT = { pattern: AMOUNT_PATTERN, description: 'In the currency of the price list.', example: '50' };

export class BudgetBody implements NewBudget {
  @ApiProperty(KIND)
  @Satisfies(oneOf(BUDGET_KINDS))
  kind: BudgetKind;

  @ApiPropertyOptional({
    maxLength: SUBJECT_LENGTH,
    description: `${SUBJECT}. A user may be named by externalId too. Absent for \`all\`.`,
    example: '*',
  })
  @Optional()
  @Satisfies(textRule(SUBJECT_LENGTH))
  subject?: string;

  @ApiProperty(PERIOD)
  @Satisfies(oneOf(BUDGET_PERIODS))
  period: BudgetPeriod;

  @ApiProperty(AMOUNT)
  @Satisfies(amountRule)
  amount: string;

  @ApiProperty(TIME_ZONE)
  @Satisfies(timeZoneRule)
  timeZone: string;
}

const OF_EACH_USER = '`null` of a budget of each user (`*`).';

export class BudgetReply implements ShownBudget {
  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;

  @ApiProperty(KIND)
  kind: BudgetKind;

  @ApiProperty({ description: `${SUBJECT}; empty for \`all\`.`, example: '1001' })
  subject: string;

  @ApiProperty(PERIOD)
  period: BudgetPeriod;

  @ApiProperty(AMOUNT)
  amount: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Of the price list; `null` before there is one.',
    example: 'CNY',
  })
  currency: string | null;

  @ApiProperty(TIME_ZONE)
  timeZone: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'The beginning of the present period.',
    example: AN_INSTANT,
  })
  periodStart: Date;

  @ApiProperty({
    type: String,
    nullable: true,
    description: `What calls of the present period that are over have cost. ${OF_EACH_USER}`,
    example: '12.35',
  })
  settled: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: `What the others may cost at most. ${OF_EACH_USER}`,
    example: '3.5',
  })
  reserved: string | null;

  @ApiProperty({ type: String, nullable: true, description: `What is left. ${OF_EACH_USER}`, example: '34.15' })
  left: string | null;
}

export class BudgetPage {
  @ApiProperty({ type: [BudgetReply] })
  items: readonly BudgetReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '50' })
  next: string | null;
}

export class PricesReply {
  @ApiProperty({ type: 'integer', description: 'How many prices the list has now.', example: 2 })
  prices: number;

  @ApiProperty({ type: String, nullable: true, description: '`null` without prices.', example: 'CNY' })
  currency: string | null;
}
