// Words of the code page and of the checking page, in the language of the page.
const zh = {
  // the code
  bind: "绑定这部手机", bindAgain: "重新绑定这部手机",
  bindLead: "在这部手机上生成一把密钥，密钥不会离开手机。绑定后，断网也能亮码。",
  scene: "使用场景", code: "的泉城码", pointed: "每十秒更换一次，请将屏幕对准读码口。", full: "全屏亮码", close: "关闭",
  bright: "请把屏幕调到最亮。", renewIn: "秒后更换", renew: "现在续期", off: "已关闭", until: "凭证有效至",
  offline: "没有网络，码照常可用。", expired: "这个场景的凭证已过期。请连接网络，会自动续期。",
  sceneOff: "这个场景没有可用的凭证：可能已在“场景开关”里关闭。", sceneOffLink: "打开场景开关",
  stopped: "这部手机的泉城码已停用（已挂失、解绑，或密钥属于他人）。", other: "这部手机上的泉城码属于另一个账号，不能在这里显示。",
  signedOut: "登录已过期。现有凭证到期前照常可用，续期请先登录。", signIn: "去登录", signInFirst: "请先登录，再绑定这部手机。",
  clockFast: "手机时钟快了", clockSlow: "手机时钟慢了", clockSet: "，已按城市时间校正。请在手机设置里打开自动设置时间。",
  minutes: "分钟", seconds: "秒", needNet: "现在没有网络，绑定手机需要连一次网。", refused: "没有成功：", never: "还没有同步过",
  failed: "这个浏览器不能保存密钥（可能是无痕浏览，或不是安全连接）。请换用普通窗口，或使用纸质码。", card: "纸质码", synced: "最近同步",
  // checking
  place: "验码点", choosePlace: "请选择验码点", noPlace: "还没有验码点。请联网打开本页一次；仍没有时，请管理员登记窗口。",
  camera: "打开摄像头", cameraOff: "关闭摄像头", cameraNone: "不能使用摄像头，请用扫码枪或粘贴。", cameraView: "摄像头画面",
  box: "扫码枪或粘贴", boxHelp: "光标留在这里，用扫码枪扫；或粘贴后按回车。", check: "核验",
  level: "认证等级", rights: "本场景权益", noRights: "无", printed: "纸质码",
  waiting: "条等待上传", sendNow: "现在上传", aside: "条上传未被接受", asideDrop: "已记下，清除", listAt: "名单时间", noList: "还没有名单，请联网打开本页一次。",
  oldList: "名单太旧，联网后才能核验。", signedOutDesk: "登录已过期：核验照常，记录登录后上传。",
  offlineDesk: "没有网络：核验照常，记录先存在本机。", fullDesk: "本机存不下这条记录，所以没有放行。请清理空间后再扫。",
  failedDesk: "这个浏览器不能保存数据（可能是无痕浏览，或不是安全连接）。请换用普通窗口。",
};
const en: typeof zh = {
  bind: "Bind this phone", bindAgain: "Bind this phone again",
  bindLead: "A key is made on this phone and never leaves it. Once bound, the code also works without a network.",
  scene: "Where you use it", code: " code", pointed: "Renewed every ten seconds. Hold the screen to the reader.", full: "Full screen", close: "Close",
  bright: "Turn the screen up to its brightest.", renewIn: "s until the next one", renew: "Renew now", off: "off", until: "Valid until",
  offline: "No network: your code works as usual.", expired: "The credential of this scene has expired. Connect to a network and it renews by itself.",
  sceneOff: "There is no credential for this scene: it may be switched off under “Scenes”.", sceneOffLink: "Switch scenes",
  stopped: "The code on this phone is stopped (reported lost, removed, or the key is somebody else's).", other: "The code on this phone belongs to another account and is not shown here.",
  signedOut: "You are signed out. The code works until it expires; sign in to renew it.", signIn: "Sign in", signInFirst: "Sign in first, then bind this phone.",
  clockFast: "This phone's clock is fast by ", clockSlow: "This phone's clock is slow by ", clockSet: "; the code uses the city's time. Switch on automatic time in the phone's settings.",
  minutes: " min", seconds: " s", needNet: "There is no network; binding a phone needs one once.", refused: "That did not work: ", never: "never synchronised",
  failed: "This browser cannot keep a key (private window, or the connection is not secure). Use a normal window, or the printed code.", card: "Printed code", synced: "Last synchronised",
  place: "Place of checking", choosePlace: "Choose a place", noPlace: "There is no place yet. Open this page once with a network; if there is still none, ask the operator to register the counter.",
  camera: "Use the camera", cameraOff: "Camera off", cameraNone: "The camera cannot be used; use a hand scanner or paste.", cameraView: "Camera picture",
  box: "Hand scanner or paste", boxHelp: "Keep the cursor here and scan; or paste and press Enter.", check: "Check",
  level: "Assurance level", rights: "Rights in this scene", noRights: "none", printed: "Printed code",
  waiting: "waiting for upload", sendNow: "Upload now", aside: "not taken by the server", asideDrop: "Noted, clear", listAt: "Lists of", noList: "There are no lists yet; open this page once with a network.",
  oldList: "The lists are too old; checking needs a network now.", signedOutDesk: "You are signed out: checking works; records are uploaded after you sign in.",
  offlineDesk: "No network: checking works, records wait on this device.", fullDesk: "This device could not keep the record, so the code was not taken. Free some space and scan again.",
  failedDesk: "This browser cannot keep data (private window, or the connection is not secure). Use a normal window.",
};
export type Words = typeof zh;
export const words = (english: boolean): Words => (english ? en : zh);
