/** Swagger documentation of the text that names a user; for every path and query of the admin API that has one. */
import { ApiParam } from '@nestjs/swagger';
import { EXTERNAL_ID_LENGTH } from '../../common/external-id.js';
import { MAX_LONG } from '../../common/long.js';

export const USER_NAME = {
  description: `A user’s \`id\`, a Long from 1 to ${MAX_LONG}, or \`externalId\`, at most ${EXTERNAL_ID_LENGTH} characters.`,
  example: '1001',
};

export const userIdParameter = ApiParam({
  name: 'userId',
  description: `${USER_NAME.description} Percent-encode an \`externalId\` (RFC 3986).`,
  example: USER_NAME.example,
});
