/** Swagger documentation of prices and budgets. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { NO_SUCH_USER } from '../../directory/subject.js';
import { MAX_PRICES, NO_AMOUNT } from '../../call/spending/price-csv.js';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import { sendsCsv, takesCsv } from '../csv-file.js';
import { BudgetPage, BudgetReply, PricesReply } from './budget.dto.js';

export const ExportPricesApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'exportPrices',
      summary: 'The price list, as CSV',
      description:
        'In UTF-8 with a byte order mark, for spreadsheets. A prefix with a plus begins with an apostrophe. ' +
        'If the response ends before its last chunk, the list is not complete.',
    }),
    sendsCsv('prices.csv', EXPORTED),
  );

export const ImportPricesApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'importPrices',
      summary: 'Replace the price list, from CSV',
      description:
        `The whole list, up to ${MAX_PRICES} rows, or nothing. The first row names the columns: \`provider\`, \`prefix\`, ` +
        '`pricePerMinute` and `currency`, and any of `billingStep` (seconds, 60 if empty) and `connectionFee` (0 if empty). An ' +
        'empty `prefix` is the price of all numbers. Without rows, there are no prices, and no budget counts a call.',
    }),
    ApiResponse({ status: 200, description: 'What the list is now.', type: PricesReply }),
    takesCsv({ maxRows: MAX_PRICES, example: IMPORTED, fault: { where: 'line 18, pricePerMinute', what: NO_AMOUNT } }),
    problem('CONFLICT', 'There are budgets, and the list is in another currency than before.'),
  );

const EXPORTED = `\ufeffprovider,prefix,pricePerMinute,currency,billingStep,connectionFee\r
twilio,'+86,0.12,CNY,60,0\r
`;

const IMPORTED = `provider,prefix,pricePerMinute,currency,billingStep,connectionFee
twilio,+86,0.12,CNY,60,0
twilio,+1,0.1,CNY,6,0.05
`;

export const StoreBudgetApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'storeBudget',
      summary: 'Limit what calls may cost',
      description:
        'Adds a budget, or changes the amount and the time zone of the one with the same kind, subject and period. Effective within ' +
        'a second, on every replica; it counts calls that are placed from then on.',
    }),
    ApiResponse({ status: 201, description: 'Added.', type: BudgetReply }),
    ApiResponse({ status: 200, description: 'Changed.', type: BudgetReply }),
    takesBody('64 KB', { where: '/subject', what: NO_SUCH_USER }),
  );

export const ListBudgetsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listBudgets',
      summary: 'List budgets, with what is left of each',
      description: 'Oldest first.',
    }),
    ApiResponse({ status: 200, description: 'One page.', type: BudgetPage }),
    takesPage('50'),
  );

export const RemoveBudgetApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeBudget',
      summary: 'Remove a budget',
      description: 'Effective within a second, on every replica.',
    }),
    ApiParam({ name: 'budgetId', description: 'The id of the budget.', example: '1' }),
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    problem('NOT_FOUND', 'There is no such budget.'),
  );
