/** Swagger documentation of users. */
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { MAX_VALUES } from '../../common/json-text.js';
import { NOT_DIALABLE_PHONE } from '../../directory/dialable-phone.js';
import { MAX_USERS_AT_ONCE } from '../../directory/user-rows.js';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import { takesCsv } from '../csv-file.js';
import { ImportReply, SyncReply, UserList, UserPage, UserReply } from './user.dto.js';
import { userIdParameter } from './user-name.openapi.js';

const noSuchUser = problem('NOT_FOUND', 'There is no such user.');
const user = (status: 200 | 201, description: string) => ApiResponse({ status, description, type: UserReply });
const BAD_PHONE = { where: '/phone', what: NOT_DIALABLE_PHONE };

export const CreateUserApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'createUser', summary: 'Create a user' }),
    ApiResponse({
      status: 201,
      description: 'Created.',
      type: UserReply,
      headers: {
        Location: { description: 'The URL of the user.', schema: { type: 'string' }, example: '/v1/admin/users/1001' },
      },
    }),
    takesBody('64 KB', BAD_PHONE),
    problem('CONFLICT', 'A user with this id already exists, or another user has this external id.'),
  );

export const ListUsersApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listUsers',
      summary: 'List users, or find them by name or phone',
      description: 'Ordered by id. A user must match all given parameters.',
    }),
    ApiResponse({ status: 200, description: 'One page.', type: UserPage }),
    takesPage('1001'),
  );

export const SyncUsersApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'syncUsers',
      summary: 'Create or change many users',
      description:
        `Up to ${MAX_USERS_AT_ONCE} users, all or none. A row replaces the name and the phone of its user: a phone that is ` +
        'absent or `null` unbinds the stored one. An external id and sub-accounts that are absent stay as they are. So do users ' +
        'who are not in the list. Repeating a request changes nothing.',
    }),
    ApiBody({ type: UserList }),
    ApiResponse({ status: 200, description: 'The users are stored.', type: SyncReply }),
    takesBody(
      `8 MB, or has more than ${MAX_USERS_AT_ONCE} users or ${MAX_VALUES} values`,
      { where: '/users/17/phone', what: NOT_DIALABLE_PHONE },
      { where: '/users/20/id', what: 'is the id of /users/3 too' },
    ),
    problem('CONFLICT', 'A user who is not in the list has one of the external ids.', {
      detail: 'Nothing has been changed: another user has an externalId of this list.',
    }),
  );

export const ImportUsersApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'importUsers',
      summary: 'Create or change many users, from CSV',
      description:
        `Up to ${MAX_USERS_AT_ONCE} rows, all or none, as \`PUT /v1/admin/users\` does. The first row names the columns: \`id\`, \`name\`, ` +
        '`phone`, and `externalId` if you have one; also as `employee id`, `cell phone`, `员工编号`, `姓名`, `移动电话` and other usual names. Other columns are ignored, and the response names them. The file is in UTF-8, or in ' +
        'GB18030 as Excel writes it in China. An empty phone unbinds the stored one; an empty external id leaves it as it is.',
    }),
    ApiResponse({ status: 200, description: 'The users are stored, or would be.', type: ImportReply }),
    takesCsv({
      maxRows: MAX_USERS_AT_ONCE,
      example: '编号,姓名,手机号\n1001,王小明,138 0013 8000\n1002,李小红,010-56469588\n',
      fault: { where: 'line 18, phone', what: NOT_DIALABLE_PHONE },
      limit: '2 MB',
    }),
    problem('CONFLICT', 'A user who is not in the file has one of the external ids.', {
      detail: 'Nothing has been changed: another user has an externalId of this list.',
    }),
  );

export const FindUserApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getUser', summary: 'One user' }),
    userIdParameter,
    user(200, 'The user.'),
    noSuchUser,
  );

export const ChangeUserApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeUser',
      summary: 'Change a user',
      description: 'Absent fields stay unchanged. Open calls are not affected.',
    }),
    userIdParameter,
    user(200, 'The changed user.'),
    takesBody('64 KB', BAD_PHONE),
    noSuchUser,
    problem('CONFLICT', 'Another user has this external id.'),
  );

export const RemoveUserApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeUser',
      summary: 'Remove a user',
      description: 'Also removes the user’s sub-accounts. The records of the calls are kept.',
    }),
    userIdParameter,
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    noSuchUser,
    problem('CONFLICT', 'The user is blocked. The block would end with the user, so unblock first.'),
  );
