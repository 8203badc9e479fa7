// Words of the page for the field, in the language of the page.
const zh = {
  online: "已联网，内容是最新的。", offline: "没有网络，正在用存在本机的内容。填写的内容会保存，联网后自动发送。",
  signedOut: "登录已过期，填写的内容仍在本机。", signIn: "重新登录后发送", waiting: "条等待发送", sendNow: "现在发送",
  sent: "条已发送", none: "本机没有保存台账。请在有网络时打开一次要填的台账。", kept: "已保存在本机，联网后发送。", saved: "已发送。",
  merged: "已发送；别人改的其他内容也保留了。", search: "查找", all: "全部", todo: "待填", done: "已填", pending: "待发送", conflict: "冲突", refused: "没有发出",
  absentTag: "现场未见", left: "待填", of: "共", rows: "行", add: "新增一行", save: "保存", back: "返回列表", next: "保存，填下一行", base: "来源：", changed: "与来源不同",
  absent: "现场未见（查无此人、此户）", note: "备注", photos: "照片", photo: "拍照", required: "必填", needNote: "现场未见的请在备注里写明情况",
  choose: "请选择", mine: "我填的", theirs: "别人填的", before: "原来", settle: "按选定的保存", bothChanged: "您填的和别人填的不一样，请逐项选定。", settleOnline: "联网后才能选定。",
  discard: "放弃这次填写", discardAsk: "放弃后，本机保存的这次填写将删除。确定吗？", wipe: "清除本机数据", wipeAsk: "还有没发送的内容，清除后不能恢复。确定吗？", wiped: "本机数据已清除。",
  due: "截止", open: "打开", yes: "是", no: "否", failed: "本机不能保存数据（可能是无痕浏览或空间已满），请在有网络时用表格填写。", full: "本机空间不足，没有保存。请先联网发送。",
  nothing: "没有符合条件的行。", prefilled: "城市已知的内容已预填。", simulated: "模拟", row: "第", rowEnd: "行", newRow: "新增", manyPhotos: "照片已到上限。",
};
const en: typeof zh = {
  online: "Online; everything is up to date.", offline: "No network: working with what is on this device. Entries are kept and sent when it is back.",
  signedOut: "You are signed out; your entries are still on this device.", signIn: "Sign in to send", waiting: "waiting to be sent", sendNow: "Send now",
  sent: "sent", none: "No ledger is kept on this device. Open one once while there is a network.", kept: "Kept on this device; it will be sent when there is a network.", saved: "Sent.",
  merged: "Sent; what others changed is kept too.", search: "Search", all: "All", todo: "To fill", done: "Filled", pending: "Waiting", conflict: "Conflict", refused: "Not taken",
  absentTag: "Not found", left: "to fill", of: "of", rows: "rows", add: "Add a row", save: "Save", back: "Back to the list", next: "Save and next", base: "Source: ", changed: "Differs from the source",
  absent: "Not found on the spot", note: "Note", photos: "Photos", photo: "Take a photo", required: "Required", needNote: "Say in the note what was found instead",
  choose: "Choose", mine: "Mine", theirs: "Theirs", before: "Before", settle: "Save what is chosen", bothChanged: "You and somebody else entered different things. Choose for each.", settleOnline: "Choose when there is a network.",
  discard: "Discard this entry", discardAsk: "This entry will be removed from the device. Go on?", wipe: "Clear this device", wipeAsk: "Some entries were not sent and will be lost. Go on?", wiped: "This device is cleared.",
  due: "due", open: "Open", yes: "Yes", no: "No", failed: "This device cannot keep data (private window, or full). Please use the table while there is a network.", full: "This device is full; the entry was not kept. Send first.",
  nothing: "No row matches.", prefilled: "What the city knows is filled in.", simulated: "Simulated", row: "Row ", rowEnd: "", newRow: "New", manyPhotos: "No more photos can be added.",
};
export type Words = typeof zh;
export const words = (english: boolean): Words => (english ? en : zh);
