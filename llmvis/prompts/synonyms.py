"""What people write besides the names in `lexicon`: read by the parser alone.

Captions never use these, so a model trained on them has not seen the words; a judge
still knows what they ask for.
"""

KINDS_TOO = {
    "bird": ("songbird", "小鸟儿", "飞鸟"),
    "flower": ("floweret",),
    "tree": ("树木",),
    "house": ("home", "cabin", "小屋", "屋", "房", "木屋"),
    "cat": ("kitty cat", "pussycat", "小猫咪", "猫儿", "猫猫"),
    "car": ("auto", "motorcar", "小轿车"),
    "boat": ("sailing boat", "sail boat", "小帆船", "船只", "轮船"),
    "cup": ("coffee cup", "tea cup", "杯", "马克杯"),
    "heart": ("love heart", "心型"),
    "moon": ("half moon", "crescent-moon", "弯弯的月亮", "新月"),
    "mushroom": ("菇",),
    "butterfly": ("蝶", "花蝴蝶"),
    "umbrella": ("brolly", "遮阳伞", "小伞"),
    "hat": ("帽",),
    "rocket": ("rocket ship", "space ship", "飞船"),
    "rabbit": ("bunny rabbit", "兔", "兔兔", "小兔兔"),
    "lamp": ("灯具",),
}
COLORS_TOO = {
    "red": ("ruby", "大红色", "深红色", "红彤彤", "红通通"),
    "orange": ("橘", "橘红色", "橙黄色", "橙红色"),
    "yellow": ("golden", "gold", "金色", "金", "黄澄澄"),
    "green": ("emerald", "碧绿", "翠绿", "绿油油"),
    "blue": ("azure", "navy", "sky-blue", "湛蓝", "天蓝色"),
    "purple": ("lilac", "lavender", "紫红色"),
    "pink": ("rosy", "粉红"),
    "brown": ("chocolate", "褐", "咖啡"),
    "black": ("jet-black", "乌黑", "漆黑"),
    "white": ("snow-white", "雪白", "洁白"),
    "gray": ("silver", "银色", "银灰色"),
}
SIZES_TOO = {
    "small": ("mini", "miniature", "小型", "迷你", "微小", "小小", "小号"),
    "large": ("giant", "gigantic", "enormous", "massive", "大型", "庞大", "大号"),
}
SCENERY = {
    "plain": (
        "plain background",
        "white background",
        "blank background",
        "simple background",
        "plain backdrop",
        "纯色背景",
        "白色背景",
        "空白背景",
        "纯色",
    ),
    "sky": ("sky", "blue sky", "蓝天", "天空", "天上"),
    "meadow": (
        "meadow",
        "green meadow",
        "grass",
        "green grass",
        "grassy field",
        "field",
        "lawn",
        "草地",
        "绿草地",
        "草坪",
        "草原",
        "草丛",
        "田野",
    ),
    "beach": (
        "beach",
        "sandy beach",
        "seaside",
        "seashore",
        "shore",
        "sand",
        "沙滩",
        "海滩",
        "海边",
    ),
    "night": (
        "night",
        "night sky",
        "night-time",
        "nighttime",
        "starry sky",
        "starry night",
        "dark sky",
        "夜空",
        "夜晚",
        "晚上",
        "黑夜",
        "星空",
        "深夜",
    ),
}
RELATIONS_TOO = {
    "on": ("upon", "onto", "on the top of", "at the top of"),
    "under": (
        "topped by",
        "topped with",
        "wearing",
        "wears",
        "wear",
        "戴着",
        "戴",
        "顶着",
    ),
    "above": ("higher than", "up above"),
    "below": ("lower than", "down below"),
    "left_of": (
        "to the left side of",
        "on the left-hand side of",
        "at the left of",
        "on the left hand side of",
        "at the left side of",
    ),
    "right_of": (
        "to the right side of",
        "on the right-hand side of",
        "at the right of",
        "on the right hand side of",
        "at the right side of",
    ),
    "next_to": (
        "by",
        "close to",
        "adjacent to",
        "alongside",
        "by the side of",
        "at the side of",
        "挨着",
        "紧挨着",
        "靠着",
        "紧靠",
        "靠近",
    ),
    None: ("behind", "in front of", "inside", "in", "between", "around", "into"),
}
PLACES_TOO = {
    "on": ("之上", "上头", "上边", "顶部", "顶端", "顶", "头上"),
    "under": ("之下", "下边", "脚下"),
    "above": ("上空", "正上方", "头顶"),
    "below": ("正下方",),
    "left_of": ("左方", "左手边", "左"),
    "right_of": ("右方", "右手边", "右"),
    "next_to": ("身旁", "身边", "边上", "一旁", "附近", "一侧"),
    None: (
        "里",
        "里面",
        "中",
        "中间",
        "之间",
        "前",
        "前面",
        "前方",
        "后面",
        "后",
        "外",
    ),
}
TAILS = {
    "on": ("on top", "on the top"),
    "above": ("overhead",),
    "left_of": ("on its left side", "on the left", "to the left", "at the left"),
    "right_of": ("on its right side", "on the right", "to the right", "at the right"),
    "next_to": ("by its side", "at its side", "nearby", "by their side"),
}
MUTUAL = (
    "side by side",
    "next to each other",
    "beside each other",
    "并排",
    "挨在一起",
)
OTHERS = {
    "the": (
        "the",
        "these",
        "those",
        "那",
        "这",
        "那只",
        "那朵",
        "那个",
        "这只",
        "这个",
    ),
    "at": ("在", "位于", "处于"),
    "it": ("it", "its", "them", "their", "它", "它们", "其"),
    "which": ("which",),
    "with": ("with", "has", "have", "having", "featuring", "holds", "carries"),
    "no": ("without", "no", "没有", "无"),
    "there": ("there", "shows", "showing", "这里", "图中", "画面中", "图片中", "画中"),
    "of": ("的",),
    "stop": (
        ",",
        ";",
        ".",
        ":",
        "!",
        "?",
        "。",
        "while",
        "but",
        "whereas",
        "而",
        "并且",
    ),
    # They hold a word of the lexicon and mean something else.
    "nothing": ("中心", "开心", "小心", "花园", "灯光", "车站", "in the middle"),
}
JOINTS = ("and", "plus", "和", "与", "跟", "、", "还有", "以及", "&")

NUMBERS_EN = {
    0: ("several", "some", "many", "a few", "multiple", "a group of", "a lot of"),
    1: ("one", "a", "an", "1", "single", "a single", "another", "just one", "only one"),
    2: ("two", "2", "a pair of", "pair of", "a couple of", "twin"),
    3: ("three", "3", "a trio of", "trio of"),
}
NUMBER_WORDS = ("four", "five", "six", "seven", "eight", "nine", "ten")
# The place in the list is the number; 几 is several. A measure word follows.
DIGITS_ZH = ("几", "一", "两二", "三", "四", "五", "六", "七", "八", "九", "十")
NUMBERS_ZH = {
    0: ("一些", "许多", "很多", "一群"),
    2: ("两", "俩", "一对", "一双"),
    3: ("仨",),
}
MEASURES = ("片", "匹", "轮", "枝", "架")
