/**
 * What is wrong in a file, a cell or a field, in Chinese, by the sentence that the service has for it. service-words.ts says how a
 * sentence is found. A test puts every fault of a file through here. Pure.
 */
export const FAULTS: Readonly<Record<string, string>> = {
  // Of a whole file.
  'Nothing has been changed: every row must be valid.': '没有做任何更改：所有行都必须正确。',
  'Nothing has been changed: another user has an externalId of this list.':
    '没有做任何更改：名单中的某个外部编号属于其他用户。',
  'An import has {max} rows at most; send it in parts.': '一次最多导入 {max} 行，请分几次导入。',
  'The file is neither UTF-8 nor GB18030.': '文件的编码既不是 UTF-8，也不是 GB18030。',
  'must have the names of the columns, separated by commas: {required}; it may have {others}':
    '首行必须是列名，用逗号分隔：{required}；可另有 {others}',
  'must have the names of the columns, separated by commas: {required}; it may have {others}; unknown here: {names}':
    '首行必须是列名，用逗号分隔：{required}；可另有 {others}；无法识别：{names}',
  'any of {names}': '{names} 中的任意几列',
  'id, name, phone': 'id（编号）、name（姓名）、phone（手机号）',
  externalId: 'externalId（外部编号）',
  '{one} and {other} are both the column {column}: leave one of them out':
    '{one} 和 {other} 都是 {column} 列，请去掉其中一列',

  // Of a line.
  'has more than {max} characters': '超过 {max} 个字符',
  'has a quote that is not closed on this line, or is within a cell and not doubled':
    '引号没有在本行内闭合，或单元格内的引号没有写成两个',
  'has {cells} cells, and the first row has {columns}': '有 {cells} 个单元格，而首行有 {columns} 个',

  // Of any text, number or time.
  'must not be blank': '不能为空',
  'must have {max} characters at most': '最多 {max} 个字符',
  'must have {max} characters at most; these are {characters}': '最多 {max} 个字符，现有 {characters} 个',
  'must not contain control characters or unpaired surrogates': '不能含有控制字符，或不成对的代理字符',
  'must be a time with its offset such as {example} (RFC 3339)': '必须是带时区偏移的时间，例如 {example}（RFC 3339）',
  'is not a number that can be dialled; expected one such as {examples} or {example}':
    '不是可以拨打的号码，正确的写法例如 {examples} 或 {example}',
  'is not a number that can be dialled; expected one without an extension, such as {examples} or {example}':
    '不是可以拨打的号码，正确的写法例如 {examples} 或 {example}，不带分机',

  // Of users.
  'must be a string of decimal digits, 1 to {max}, without a leading zero': '必须是 1 到 {max} 的整数，不带前导零',
  'is the id of line {line} too': '与第 {line} 行的编号相同',
  'is the externalId of line {line} too': '与第 {line} 行的外部编号相同',
  'must not be a number: a text of digits is the id of a user, not an externalId':
    '不能是数字：数字是用户编号，不是外部编号',
  'must not begin with "key:", as the subjects of API keys do': '不能以 key: 开头：API 密钥的 sub 才这样开头',
  'belongs to user {id}': '属于用户 {id}',

  // Of suppressions.
  'is the number of line {line} again': '与第 {line} 行的号码相同',

  // Of prices.
  'must be the name of a provider': '必须是服务商的名称',
  'must be the beginning of a number as it is stored, such as {one} or {other}; or empty':
    '必须是号码存储形式的开头，例如 {one} 或 {other}；也可留空',
  'is the prefix of line {line} again': '与第 {line} 行的前缀相同',
  'must be an amount such as {example}, with at most {places} decimal places, below {limit}':
    '必须是金额，例如 {example}，最多 {places} 位小数，小于 {limit}',
  'must be whole seconds, 1 to {max}': '必须是整数秒，1 到 {max}',
  'must be the three letters of a currency, as ISO 4217 has them': '必须是 ISO 4217 规定的三字母货币代码',
  'There are budgets in {currency}. Delete them first: an amount has no currency of its own.':
    '有以 {currency} 计的预算，而金额不带货币，请先删除预算。',
  'is another currency than in line {line}, and a price list has one':
    '与第 {line} 行的货币不同，而一份资费表只能有一种货币',
};
