/** What Swagger says of users. */
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { MOST_VALUES } from '../../common/json-text.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { MOST_USERS_AT_ONCE } from '../../directory/user-rows.js';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import { SyncReply, UserList, UserPage, UserReply } from './user.dto.js';

const userIdParameter = ApiParam({ name: 'userId', description: 'The app’s own id.', example: '1001' });
const noSuchUser = problem('NOT_FOUND', 'There is no such user; an id that is no Long is one that does not exist.');
const user = (status: 200 | 201, description: string) => ApiResponse({ status, description, type: UserReply });
const BAD_PHONE = { where: '/phone', what: NOT_DIALABLE };

export const CreateUserApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'createUser', summary: 'Create a user' }),
    ApiResponse({
      status: 201,
      description: 'Created.',
      type: UserReply,
      headers: {
        Location: { description: 'Where the user is.', schema: { type: 'string' }, example: '/v1/admin/users/1001' },
      },
    }),
    takesBody('64 KB', BAD_PHONE),
    problem('CONFLICT', 'There is a user with this id already.'),
  );

export const ListUsersApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'listUsers', summary: 'List users', description: 'Ordered by id.' }),
    ApiResponse({ status: 200, description: 'One page.', type: UserPage }),
    takesPage('1001'),
  );

export const SyncUsersApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'syncUsers',
      summary: 'Create or change many users',
      description:
        `Up to ${MOST_USERS_AT_ONCE} users, all or none. A row states the whole truth about its user: a phone that is ` +
        'absent or `null` is none, and unbinds what was there. Users who are not in the list are left alone, and so are ' +
        'sub-accounts. To repeat a request changes nothing.',
    }),
    ApiBody({ type: UserList }),
    ApiResponse({ status: 200, description: 'Done.', type: SyncReply }),
    takesBody(
      `8 MB, or has more than ${MOST_USERS_AT_ONCE} users or ${MOST_VALUES} values`,
      { where: '/users/17/phone', what: NOT_DIALABLE },
      { where: '/users/20/id', what: 'is the id of /users/3 too' },
    ),
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
      description: 'What is absent stays as it is. Calls that are going on are not touched.',
    }),
    userIdParameter,
    user(200, 'The user as it is now.'),
    takesBody('64 KB', BAD_PHONE),
    noSuchUser,
  );

export const RemoveUserApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeUser',
      summary: 'Remove a user',
      description: 'With their sub-accounts. The records of their calls stay.',
    }),
    userIdParameter,
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    noSuchUser,
  );
