/**
 * What is wrong in a field of a form or a filter, in Chinese, by the sentence that the service has for it. What files have too is in
 * fault-words.ts. A test sends the forms with these faults. Pure.
 */
export const FIELD_FAULTS: Readonly<Record<string, string>> = {
  // Of any number, name or time.
  'must be a whole number, {min} to {most}': '必须是整数，{min} 到 {most}',
  'must be a whole number, {min} to {most}, or null': '必须是整数，{min} 到 {most}；也可留空',
  'must be the id of a user, 1 to {most}, or an externalId, as a string': '必须是用户编号（1 到 {most}）或外部编号',
  'is no user of the directory': '用户目录中没有此用户',
  'must be a callSid: 32 decimal digits': '必须是 callSid：32 位数字',
  'must be after from': '必须晚于起始时间',
  'must be a name of the IANA database such as {zone}': '必须是 IANA 时区名称，例如 {zone}',
  'must be a name of the IANA database such as {zone}, or UTC': '必须是 IANA 时区名称，例如 {zone}，或 UTC',
  'must be a time with its offset such as {example} (RFC 3339), or a date of this century such as {date}':
    '必须是带时区偏移的时间，例如 {example}（RFC 3339），或本世纪的日期，例如 {date}',
  'must be a date of this century such as {date}, or a time on a quarter of an hour such as {example}':
    '必须是本世纪的日期，例如 {date}，或整刻钟的时间，例如 {example}',
  'must leave at most {buckets} buckets between from and to': '起止时间之间最多 {buckets} 个时间段',
  'give either calleeId or phone, and not the caller’s own id': '请填写被叫的用户编号或号码之一，且不能是主叫自己',

  // Of service lines.
  'must be a list of 1 to {most} phones such as {example}': '必须有 1 到 {most} 个号码，例如 {example}',
  'must not have a number twice, whatever its extension': '号码不能重复，分机不同也算重复',
  'must ring for less than LONGEST_RINGING ({limit} s) together; they ring for {seconds} s':
    '振铃时间合计必须少于 LONGEST_RINGING（{limit} 秒），现为 {seconds} 秒',
  'must be a range of times such as {range}, or {day} for the whole day': '必须是时间段，例如 {range}；全天写作 {day}',
  'must be a list of at most {most} ranges of times': '最多 {most} 个时间段',
  'must not have ranges that overlap, as on {weekday}': '时间段不能重叠，请检查{weekday}',
  'must have a range of times on some weekday; to close the line, set open to false':
    '至少一天要有时间段；若要停用此线路，请把它设为关闭',
  'must be a date such as {date}': '必须是日期，例如 {date}',
  'must be a list of at most {most} dates': '最多 {most} 个日期',

  // Of webhook endpoints.
  'must be a URL such as {url}': '必须是网址，例如 {url}',
  'must begin with https://': '必须以 https:// 开头',
  'must not hold a user name or password; a signature proves who we are': '不能带用户名或密码：请求的来源由签名证明',
  'must not hold a fragment, which is never sent': '不能带 # 之后的部分，它不会被发送',
  'must have the port {https}, {http}, or one from {lowest} on': '端口必须是 {https}、{http}，或不小于 {lowest}',
  'must lead somewhere: the name {host} cannot be resolved ({code})': '无法解析域名 {host}（{code}）',
  'must not lead there: {reason}; have the operator allow its range (WEBHOOK_ALLOWED_RANGES)':
    '不能发往此地址：{reason}；可请运维人员放行其网段（WEBHOOK_ALLOWED_RANGES）',
  'must not lead there: {reason}; use https, or have the operator allow its range (WEBHOOK_ALLOWED_RANGES)':
    '不能发往此地址：{reason}；请改用 https，或请运维人员放行其网段（WEBHOOK_ALLOWED_RANGES）',
  '{address} is not a public address ({range})': '{address} 不是公网地址（{range}）',
  '{address} is a public address, for which http is not safe': '{address} 是公网地址，使用 http 不安全',
  'must be null, or a list of {types}': '必须选择事件类型：{types}',

  // Of suppressions, freezes and budgets.
  'is the number of /suppressions/{place} again': '与前面的号码相同（/suppressions/{place}）',
  'must be the name of a provider, a slash, and an id there': '必须是“服务商名称/子账户编号”',
  'must be the two letters of a country, as ISO 3166 has them': '必须是 ISO 3166 规定的国家或地区两字母代码',
};
