/** Swagger documentation of the exports of calls. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { AN_INSTANT, CALL_SID } from '../../call/search/call-view.openapi.js';
import type { ShownCall } from '../../call/search/call-view.js';
import { FAILED_TOKENS, problem, problems } from '../../http/problem-response.js';
import { sendsFile } from '../csv-file.js';
import { EXPORTS_AT_ONCE, EXPORTS_OF_ONE } from './call-exports.service.js';
import { callsAsCsv, callsAsNdjson } from './call-files.js';

const ZONE = 'Asia/Shanghai';
const INSTANT = new Date(AN_INSTANT);

const CALL: ShownCall = {
  callSid: CALL_SID,
  callerId: '1001',
  calleeId: '2000',
  serviceLineId: null,
  callerPhone: '+8613900001001',
  calleePhone: '+8613800002000',
  huntedPhones: null,
  provider: 'simulator',
  subAccount: 'demo-1001',
  providerCallId: 'sim-42',
  stateType: '4',
  endReason: 'busy',
  endedBy: 'provider',
  canceledBy: null,
  requestedAt: INSTANT,
  ringingAt: null,
  answeredAt: null,
  endedAt: INSTANT,
  talkSeconds: null,
  recording: null,
  changes: 2,
  metadata: { ticket: '4711' },
  placedBy: null,
  route: '',
  causes: { A: { cause: 16 }, B: { cause: 17 } },
  providerCode: 'cause 17',
};

const ABOUT =
  'The calls that `GET /v1/admin/calls` finds with the same parameters, newest first, without an end. A call has the state that it had ' +
  'when its part was read; each call is in the file once. If the response ends before its last chunk, the file is not complete. ' +
  'The audit has the filters, and at the end the number of rows.\n\n';

const failures = () =>
  applyDecorators(
    problem('BAD_REQUEST', 'A parameter is wrong or unknown; `errors` names each.', {
      errors: [{ where: '/timeZone', what: 'must be a name of the IANA database such as Asia/Shanghai, or UTC' }],
    }),
    problems({
      TOO_MANY_EXPORTS: `${EXPORTS_AT_ONCE} exports are running on the replica, or ${EXPORTS_OF_ONE} of the subject`,
      FAILED_TOKENS_TOO_FREQUENT: FAILED_TOKENS,
    }),
  );

export const ExportCallsAsCsvApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'exportCallsAsCsv',
      summary: 'All calls that match, as CSV',
      description:
        `${ABOUT}For spreadsheets: UTF-8 with a byte order mark. Each time has a column in UTC and, with \`timeZone\`, one in that ` +
        'zone; the head of the column names the zone. A cell that a spreadsheet would take for a formula begins with an apostrophe. ' +
        'So does a phone number with its plus, and a number of more than 15 digits, such as a callSid, which a spreadsheet would round.',
    }),
    sendsFile('calls.csv', 'text/csv', callsAsCsv(ZONE).head + callsAsCsv(ZONE).line(CALL)),
    failures(),
  );

export const ExportCallsAsNdjsonApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'exportCallsAsNdjson',
      summary: 'All calls that match, as JSON lines',
      description:
        `${ABOUT}For programs: a line is a call as the search shows it. With \`timeZone\` it has in addition \`local\`, with the same ` +
        'times as the clocks of the zone show them.',
    }),
    sendsFile('calls.ndjson', 'application/x-ndjson', callsAsNdjson(ZONE).line(CALL)),
    failures(),
  );
