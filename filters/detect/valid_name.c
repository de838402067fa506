/* Names of persons: what stands where a name might and is none. Rules find the place of a name; these lists say no to
 * the words that stand there in letters, code and configuration. */
#include "filters/detect/valid.h"

/* First words by their first letter, each between blanks. */
static const char *const not_first[26] = {
    ['A' - 'A'] = " A Add Address Advanced Again All Alle Allemaal Also Amazon Amigo Amigos An Analyst Analyze "
                  "And Apple Apply Approve April Are Array As At August Auto Automatic ",
    ['B' - 'A'] = " Backup Bad Bar Basic Baz Best Boolean Build Bump But By ",
    ['C' - 'A'] = " Cache Chapter Check Checkout Cheers City Class Clean Cleanup Client Cliente Clone Close "
                  "Colleague Colleagues Collect Comment Compile Configure Convert Country Create Custom Customer ",
    ['D' - 'A'] = " Damen Data Date Debug December Default Delete Deploy Designer Determine Developer Director "
                  "Disable Display Docker Download ",
    ['E' - 'A'] = " Email Employee Enable Engineer Ensure Enter Error Everybody Everyone Example Execute Export "
                  "External ",
    ['F' - 'A'] = " False February Fetch Figure File Finance Find First Folks Foo For Format Friday Friend "
                  "Friends From Full ",
    ['G' - 'A'] = " General Generate Get GitHub Global Good Google Great Guest Guys ",
    ['H' - 'A'] = " Handle Her Here Herren Hiring His How Human ",
    ['I' - 'A'] = " Id If Import In Info Init Initialize Insert Install Integer Internal Invalid Is It ",
    ['J' - 'A'] = " January Java July June ",
    ['K' - 'A'] = " Key Kind Kunde Kundin ",
    ['L' - 'A'] = " Label Last Launch Lint Linux List Load Local Log Login ",
    ['M' - 'A'] = " Madam Madame Main Make Manager Manual March Marketing Master Medical Member Merge Mesdames "
                  "Messieurs Microsoft Monday Monde Mondo Monsieur Mundo My ",
    ['N' - 'A'] = " Name New Next No Node None Not Notify November Now Null Number Nutzer ",
    ['O' - 'A'] = " Object October Of Old On Open Or Our ",
    ['P' - 'A'] = " Package Page Path Patient Phone Please Post Prepare Previous Print Private Process Product "
                  "Project Public Publish Pull Push Put Python ",
    ['Q' - 'A'] = " Quick ",
    ['R' - 'A'] = " Read Reader Regards Region Register Release Remove Report Restart Restore Review Run ",
    ['S' - 'A'] = " Sales Sample Saturday Save Scan Search Section Select Send September Server Service Set Setup "
                  "Señor Señora Show Sign Simple Sincerely Sir Sirs Software Start State Stop Street String "
                  "Subject Submit Sunday Support Sync ",
    ['T' - 'A'] = " Table Tag Team Test Thank Thanks That The Their Then There These This Those Thursday To Todos "
                  "Token Tous Trigger True Tuesday Tutti Type ",
    ['U' - 'A'] = " Ubuntu Undefined Unknown Update Upgrade Upload Url Use User Users Using ",
    ['V' - 'A'] = " Validate Value Valued Verify ",
    ['W' - 'A'] = " Wait Warm Warmly Warning Was We Wednesday Welt Were What When Where Which Who Why Windows "
                  "With World Write ",
    ['Y' - 'A'] = " Yes You Your ",
    ['Z' - 'A'] = " Zusammen ",
};

/* Chinese words that begin with a surname, each between bars. */
static const char not_chinese[] = "|"
                                  "万一|万元|万有|万能|东西|东部|严格|严重|于是|云龙|任一|任何|任务|任意|"
                                  "任海|任职|位于|位元|位子|位置|余下|余额|信心|光明|党员|党委|全体|全国|"
                                  "全家|全部|公平|关于|关心|关爱|关键|关闭|凌晨|包含|包和|包子|包括|包有|"
                                  "包装|北方|华东|华中|华为|华人|华侨|华北|华夏|华山|华龙|单一|单位|单元|"
                                  "单独|单纯|南方|南部|卫星|卫浴|卫生|史上|史学|司机|司法|向上|向东|向海|"
                                  "向阳|和平|唐朝|商业|商务|商品|商城|商家|商店|季度|季节|宁夏|宁愿|宁波|"
                                  "安全|安宁|安康|安心|安排|安置|安装|安静|宋体|宋朝|尤其|岳母|岳父|左侧|"
                                  "左右|左心|左手|左边|席位|席卷|席子|常年|常用|常见|平安|广东|广州|庄园|"
                                  "应当|应有|应用|强健|强制|强壮|强大|强有|强烈|强调|成功|成员|成和|成才|"
                                  "成文|成本|成果|成真|成立|成绩|成长|房产|房子|房屋|文件|文化|文字|文学|"
                                  "文明|文本|方中|方可|方向|方式|方才|方案|方法|方言|方面|施工|施行|时候|"
                                  "时有|时间|明天|明年|明星|明显|明确|易学|景点|曲文|林业|林海|查找|查明|"
                                  "查有|查清|查看|查验|柴油|桂林|梅花|欧元|欧洲|武功|武器|武林|武汉|武警|"
                                  "毕业|毕竟|毛利|毛病|水平|汇总|江山|江河|江海|江苏|江西|汤圆|沈阳|洪水|"
                                  "海南|海星|海洋|温和|温度|温泉|温馨|游客|游戏|游明|游有|湖南|焦点|焦虑|"
                                  "牛奶|牛肉|王国|王牌|王者|甘肃|申报|申诉|申请|白云|白天|白色|白银|白雪|"
                                  "白领|盛大|石林|石油|石英|程序|程度|章程|章节|童年|童装|符合|管可|管家|"
                                  "管理|纪录|纪念|经理|经验|聂耳|舒服|舒适|花园|花费|苗条|莫名|葛根|薄弱|"
                                  "西方|西部|解决|解安|解释|解除|计算|许可|许多|谷物|贵宾|贵州|贵阳|费用|"
                                  "贺卡|路径|路有|路海|路线|车主|车子|车林|车牌|车辆|辛苦|边江|边界|边缘|"
                                  "连接|金元|金光|金华|金属|金山|金星|金融|金额|金龙|钱包|阳光|阳台|阳春|"
                                  "陆军|陆续|陶瓷|霍乱|项光|项目|顾客|顾问|颜色|马上|马云龙|马路|马达|高中|"
                                  "高兴|高可|高大|高山|高峰|高度|高效|高明|高有|高清|高端|高管|高级|高雅|"
                                  "黄山|黄河|黄色|黄金|黄龙|黑龙江|齐全|龙头|龙江|龙海|";

/* Words no name holds, wherever they stand. */
static const char not_any[] =
    " Department Departments Team Teams Manager Management Service Services Support Center Centre Office Unit Group Committee "
    "Board Council "
    "Company Corporation University College School Hospital Institute Bank Rendering Side Component Components Application "
    "Applications "
    "System Systems Software Success Experience Relations Resources Database Server Servers Request Requests Response Version "
    "Settings "
    "Configuration Documentation Dependencies Required Optional Default Number Address Name Names Code Data Id ";

#define WORD_MAX 30u

static bool listed(const char *list, char edge, struct slice word)
{
    char key[WORD_MAX + 3];
    if (word.n == 0 || word.n > WORD_MAX) return false;
    key[0] = edge;
    memcpy(key + 1, word.p, word.n);
    key[word.n + 1] = edge;
    key[word.n + 2] = 0;
    return strlen(key) == word.n + 2 && strstr(list, key) != NULL;
}

static bool begins_no_name(struct slice word)
{
    unsigned letter = word.n ? (unsigned char)word.p[0] - (unsigned)'A' : 26;
    return letter < 26 && not_first[letter] && listed(not_first[letter], ' ', word);
}

/* A name in letters with capitals. */
static bool person_name_ok(struct slice v)
{
    for (size_t i = 0, from = 0; i <= v.n; i++) {
        if (i < v.n && v.p[i] != ' ' && v.p[i] != '\n') continue;
        struct slice word = slice_of(v.p + from, i - from);
        if (listed(not_any, ' ', word) || (from == 0 && begins_no_name(word))) return false;
        from = i + 1;
    }
    return v.n > 1;
}

static bool chinese_name_ok(struct slice v) { return v.n >= 6 && v.n <= 12 && !listed(not_chinese, '|', v); }

const struct validator valid_name[] = {
    {"person_name", person_name_ok, "ours: words that begin no name", VALID_LIST("Anna Schmidt", "Jürgen", "Al"),
     VALID_LIST("Hiring Manager", "World", "The Team", "Anna Department", "")},
    {"chinese_name", chinese_name_ok, "ours: words that begin with a surname", VALID_LIST("张伟", "欧阳娜娜"),
     VALID_LIST("王国", "方法", "张", "")},
    VALID_END,
};
