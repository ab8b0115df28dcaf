# Made by `python -m docs.stubs`. The modules, and the names of Transformers 4.
from pathlib import Path
from typing import Any, Generic, TypeVar
from trivium import convert as convert
from trivium import flax as flax
from trivium import numpy as numpy
from trivium import processing as processing
from trivium import research as research
from trivium import tensorflow as tensorflow
from trivium import torch as torch
from trivium.backends.flax.model import Model as _FlaxModel
from trivium.backends.tensorflow.model import Model as _TFModel
from trivium.core.config import Config as _Config
from trivium.core.outputs import *
from trivium.models.cvt.outputs import *
from trivium.generation.generating import Generates
from trivium.core.auto import AutoConfig as AutoConfig
from trivium.processing.tokenizers import AutoTokenizer as AutoTokenizer
from trivium.processing.collators import DataCollatorForLanguageModeling as DataCollatorForLanguageModeling
from trivium.processing.collators import DataCollatorForSeq2Seq as DataCollatorForSeq2Seq
from trivium.processing.collators import DataCollatorForTokenClassification as DataCollatorForTokenClassification
from trivium.processing.collators import DataCollatorWithPadding as DataCollatorWithPadding
from trivium.processing.collators import DefaultDataCollator as DefaultDataCollator
from trivium.core.errors import TriviumError as TriviumError
from trivium.research.binding import bind as bind
from trivium.research.comparing import compare as compare
from trivium.processing.collators import default_data_collator as default_data_collator
from trivium.research.eject import eject as eject
from trivium.pipelines import pipeline as pipeline
from trivium.research.binding import register as register
from trivium.core.transfer import transfer as transfer
from trivium.models.albert.config import AlbertConfig as AlbertConfig
from trivium.models.audio_spectrogram_transformer.config import ASTConfig as ASTConfig
from trivium.models.bart.config import BartConfig as BartConfig
from trivium.models.beit.config import BeitConfig as BeitConfig
from trivium.models.bert.config import BertConfig as BertConfig
from trivium.models.blenderbot.config import BlenderbotConfig as BlenderbotConfig
from trivium.models.blenderbot_small.config import BlenderbotSmallConfig as BlenderbotSmallConfig
from trivium.models.blip.config import BlipConfig as BlipConfig
from trivium.models.blip.config import BlipTextConfig as BlipTextConfig
from trivium.models.blip.config import BlipVisionConfig as BlipVisionConfig
from trivium.models.bloom.config import BloomConfig as BloomConfig
from trivium.models.camembert.config import CamembertConfig as CamembertConfig
from trivium.models.clip.config import CLIPConfig as CLIPConfig
from trivium.models.clip.config import CLIPTextConfig as CLIPTextConfig
from trivium.models.clip.config import CLIPVisionConfig as CLIPVisionConfig
from trivium.models.convnext.config import ConvNextConfig as ConvNextConfig
from trivium.models.convnextv2.config import ConvNextV2Config as ConvNextV2Config
from trivium.models.cvt.config import CvtConfig as CvtConfig
from trivium.models.deberta_v2.config import DebertaV2Config as DebertaV2Config
from trivium.models.deit.config import DeiTConfig as DeiTConfig
from trivium.models.detr.config import DetrConfig as DetrConfig
from trivium.models.dinov2.config import Dinov2Config as Dinov2Config
from trivium.models.distilbert.config import DistilBertConfig as DistilBertConfig
from trivium.models.electra.config import ElectraConfig as ElectraConfig
from trivium.models.encodec.config import EncodecConfig as EncodecConfig
from trivium.models.encoder_decoder.config import EncoderDecoderConfig as EncoderDecoderConfig
from trivium.models.falcon.config import FalconConfig as FalconConfig
from trivium.models.gemma.config import GemmaConfig as GemmaConfig
from trivium.models.gpt2.config import GPT2Config as GPT2Config
from trivium.models.gpt_neo.config import GPTNeoConfig as GPTNeoConfig
from trivium.models.gpt_neox.config import GPTNeoXConfig as GPTNeoXConfig
from trivium.models.gptj.config import GPTJConfig as GPTJConfig
from trivium.models.hubert.config import HubertConfig as HubertConfig
from trivium.models.layoutlm.config import LayoutLMConfig as LayoutLMConfig
from trivium.models.llama.config import LlamaConfig as LlamaConfig
from trivium.models.llava.config import LlavaConfig as LlavaConfig
from trivium.models.m2m_100.config import M2M100Config as M2M100Config
from trivium.models.mamba.config import MambaConfig as MambaConfig
from trivium.models.marian.config import MarianConfig as MarianConfig
from trivium.models.mbart.config import MBartConfig as MBartConfig
from trivium.models.mistral.config import MistralConfig as MistralConfig
from trivium.models.mixtral.config import MixtralConfig as MixtralConfig
from trivium.models.mobilevit.config import MobileViTConfig as MobileViTConfig
from trivium.models.mpnet.config import MPNetConfig as MPNetConfig
from trivium.models.mt5.config import MT5Config as MT5Config
from trivium.models.opt.config import OPTConfig as OPTConfig
from trivium.models.patchtst.config import PatchTSTConfig as PatchTSTConfig
from trivium.models.pegasus.config import PegasusConfig as PegasusConfig
from trivium.models.phi.config import PhiConfig as PhiConfig
from trivium.models.plbart.config import PLBartConfig as PLBartConfig
from trivium.models.qwen2.config import Qwen2Config as Qwen2Config
from trivium.models.recurrent_gemma.config import RecurrentGemmaConfig as RecurrentGemmaConfig
from trivium.models.regnet.config import RegNetConfig as RegNetConfig
from trivium.models.rembert.config import RemBertConfig as RemBertConfig
from trivium.models.resnet.config import ResNetConfig as ResNetConfig
from trivium.models.roberta.config import RobertaConfig as RobertaConfig
from trivium.models.roberta_prelayernorm.config import RobertaPreLayerNormConfig as RobertaPreLayerNormConfig
from trivium.models.segformer.config import SegformerConfig as SegformerConfig
from trivium.models.siglip.config import SiglipConfig as SiglipConfig
from trivium.models.siglip.config import SiglipTextConfig as SiglipTextConfig
from trivium.models.siglip.config import SiglipVisionConfig as SiglipVisionConfig
from trivium.models.speech_encoder_decoder.config import SpeechEncoderDecoderConfig as SpeechEncoderDecoderConfig
from trivium.models.swin.config import SwinConfig as SwinConfig
from trivium.models.t5.config import T5Config as T5Config
from trivium.models.trocr.config import TrOCRConfig as TrOCRConfig
from trivium.models.umt5.config import UMT5Config as UMT5Config
from trivium.models.unispeech.config import UniSpeechConfig as UniSpeechConfig
from trivium.models.vilt.config import ViltConfig as ViltConfig
from trivium.models.vision_encoder_decoder.config import VisionEncoderDecoderConfig as VisionEncoderDecoderConfig
from trivium.models.vit.config import ViTConfig as ViTConfig
from trivium.models.vit_mae.config import ViTMAEConfig as ViTMAEConfig
from trivium.models.wav2vec2.config import Wav2Vec2Config as Wav2Vec2Config
from trivium.models.whisper.config import WhisperConfig as WhisperConfig
from trivium.models.xlm_roberta.config import XLMRobertaConfig as XLMRobertaConfig
from trivium.models.xlnet.config import XLNetConfig as XLNetConfig
from trivium.processing import ASTFeatureExtractor as ASTFeatureExtractor
from trivium.processing import AutoFeatureExtractor as AutoFeatureExtractor
from trivium.processing import AutoImageProcessor as AutoImageProcessor
from trivium.processing import AutoProcessor as AutoProcessor
from trivium.processing import BeitImageProcessor as BeitImageProcessor
from trivium.processing import BitImageProcessor as BitImageProcessor
from trivium.processing import BlipImageProcessor as BlipImageProcessor
from trivium.processing import BlipProcessor as BlipProcessor
from trivium.processing import CLIPImageProcessor as CLIPImageProcessor
from trivium.processing import CLIPProcessor as CLIPProcessor
from trivium.processing import ConvNextImageProcessor as ConvNextImageProcessor
from trivium.processing import DeiTImageProcessor as DeiTImageProcessor
from trivium.processing import DetrImageProcessor as DetrImageProcessor
from trivium.processing import EncodecFeatureExtractor as EncodecFeatureExtractor
from trivium.processing import LlavaImageProcessor as LlavaImageProcessor
from trivium.processing import LlavaProcessor as LlavaProcessor
from trivium.processing import MobileViTImageProcessor as MobileViTImageProcessor
from trivium.processing import SegformerImageProcessor as SegformerImageProcessor
from trivium.processing import SiglipImageProcessor as SiglipImageProcessor
from trivium.processing import SiglipProcessor as SiglipProcessor
from trivium.processing import TrOCRProcessor as TrOCRProcessor
from trivium.processing import ViTImageProcessor as ViTImageProcessor
from trivium.processing import ViltImageProcessor as ViltImageProcessor
from trivium.processing import ViltProcessor as ViltProcessor
from trivium.processing import Wav2Vec2FeatureExtractor as Wav2Vec2FeatureExtractor
from trivium.processing import Wav2Vec2Processor as Wav2Vec2Processor
from trivium.processing import WhisperFeatureExtractor as WhisperFeatureExtractor
from trivium.processing import WhisperProcessor as WhisperProcessor
from trivium.processing.tokenizers.familiar import Named as _Named
from trivium.torch import AutoModel as AutoModel
from trivium.torch import AutoModelForPreTraining as AutoModelForPreTraining
from trivium.torch import AutoModelForMaskedLM as AutoModelForMaskedLM
from trivium.torch import AutoModelForCausalLM as AutoModelForCausalLM
from trivium.torch import AutoModelForSeq2SeqLM as AutoModelForSeq2SeqLM
from trivium.torch import AutoModelForSpeechSeq2Seq as AutoModelForSpeechSeq2Seq
from trivium.torch import AutoModelForVision2Seq as AutoModelForVision2Seq
from trivium.torch import AutoModelForImageTextToText as AutoModelForImageTextToText
from trivium.torch import AutoModelForNextSentencePrediction as AutoModelForNextSentencePrediction
from trivium.torch import AutoModelForSequenceClassification as AutoModelForSequenceClassification
from trivium.torch import AutoModelForMultipleChoice as AutoModelForMultipleChoice
from trivium.torch import AutoModelForTokenClassification as AutoModelForTokenClassification
from trivium.torch import AutoModelForQuestionAnswering as AutoModelForQuestionAnswering
from trivium.torch import AutoModelForImageClassification as AutoModelForImageClassification
from trivium.torch import AutoModelForMaskedImageModeling as AutoModelForMaskedImageModeling
from trivium.torch import AutoModelForSemanticSegmentation as AutoModelForSemanticSegmentation
from trivium.torch import AutoModelForDocumentQuestionAnswering as AutoModelForDocumentQuestionAnswering
from trivium.torch import AutoModelForVisualQuestionAnswering as AutoModelForVisualQuestionAnswering
from trivium.torch import AutoModelForObjectDetection as AutoModelForObjectDetection
from trivium.torch import AutoModelForImageSegmentation as AutoModelForImageSegmentation
from trivium.torch import AutoBackbone as AutoBackbone
from trivium.torch import AutoModelForAudioClassification as AutoModelForAudioClassification
from trivium.torch import AutoModelForAudioFrameClassification as AutoModelForAudioFrameClassification
from trivium.torch import AutoModelForAudioXVector as AutoModelForAudioXVector
from trivium.torch import AutoModelForCTC as AutoModelForCTC
from trivium.torch import AlbertModel as AlbertModel
from trivium.torch import AlbertForPreTraining as AlbertForPreTraining
from trivium.torch import AlbertForMaskedLM as AlbertForMaskedLM
from trivium.torch import AlbertForSequenceClassification as AlbertForSequenceClassification
from trivium.torch import AlbertForMultipleChoice as AlbertForMultipleChoice
from trivium.torch import AlbertForTokenClassification as AlbertForTokenClassification
from trivium.torch import AlbertForQuestionAnswering as AlbertForQuestionAnswering
from trivium.torch import ASTModel as ASTModel
from trivium.torch import ASTForAudioClassification as ASTForAudioClassification
from trivium.torch import BartModel as BartModel
from trivium.torch import BartForConditionalGeneration as BartForConditionalGeneration
from trivium.torch import BartForSequenceClassification as BartForSequenceClassification
from trivium.torch import BartForQuestionAnswering as BartForQuestionAnswering
from trivium.torch import BartForCausalLM as BartForCausalLM
from trivium.torch import BeitModel as BeitModel
from trivium.torch import BeitForMaskedImageModeling as BeitForMaskedImageModeling
from trivium.torch import BeitForImageClassification as BeitForImageClassification
from trivium.torch import BeitForSemanticSegmentation as BeitForSemanticSegmentation
from trivium.torch import BeitBackbone as BeitBackbone
from trivium.torch import BertModel as BertModel
from trivium.torch import BertForMaskedLM as BertForMaskedLM
from trivium.torch import BertLMHeadModel as BertLMHeadModel
from trivium.torch import BertForPreTraining as BertForPreTraining
from trivium.torch import BertForNextSentencePrediction as BertForNextSentencePrediction
from trivium.torch import BertForSequenceClassification as BertForSequenceClassification
from trivium.torch import BertForMultipleChoice as BertForMultipleChoice
from trivium.torch import BertForTokenClassification as BertForTokenClassification
from trivium.torch import BertForQuestionAnswering as BertForQuestionAnswering
from trivium.torch import BlenderbotModel as BlenderbotModel
from trivium.torch import BlenderbotForConditionalGeneration as BlenderbotForConditionalGeneration
from trivium.torch import BlenderbotForCausalLM as BlenderbotForCausalLM
from trivium.torch import BlenderbotSmallModel as BlenderbotSmallModel
from trivium.torch import BlenderbotSmallForConditionalGeneration as BlenderbotSmallForConditionalGeneration
from trivium.torch import BlenderbotSmallForCausalLM as BlenderbotSmallForCausalLM
from trivium.torch import BlipVisionModel as BlipVisionModel
from trivium.torch import BlipTextModel as BlipTextModel
from trivium.torch import BlipModel as BlipModel
from trivium.torch import BlipForConditionalGeneration as BlipForConditionalGeneration
from trivium.torch import BlipForQuestionAnswering as BlipForQuestionAnswering
from trivium.torch import BlipForImageTextRetrieval as BlipForImageTextRetrieval
from trivium.torch import BloomModel as BloomModel
from trivium.torch import BloomForCausalLM as BloomForCausalLM
from trivium.torch import BloomForSequenceClassification as BloomForSequenceClassification
from trivium.torch import BloomForTokenClassification as BloomForTokenClassification
from trivium.torch import BloomForQuestionAnswering as BloomForQuestionAnswering
from trivium.torch import CamembertModel as CamembertModel
from trivium.torch import CamembertForMaskedLM as CamembertForMaskedLM
from trivium.torch import CamembertForCausalLM as CamembertForCausalLM
from trivium.torch import CamembertForSequenceClassification as CamembertForSequenceClassification
from trivium.torch import CamembertForMultipleChoice as CamembertForMultipleChoice
from trivium.torch import CamembertForTokenClassification as CamembertForTokenClassification
from trivium.torch import CamembertForQuestionAnswering as CamembertForQuestionAnswering
from trivium.torch import CLIPTextModel as CLIPTextModel
from trivium.torch import CLIPTextModelWithProjection as CLIPTextModelWithProjection
from trivium.torch import CLIPVisionModel as CLIPVisionModel
from trivium.torch import CLIPVisionModelWithProjection as CLIPVisionModelWithProjection
from trivium.torch import CLIPModel as CLIPModel
from trivium.torch import CLIPForImageClassification as CLIPForImageClassification
from trivium.torch import ConvNextModel as ConvNextModel
from trivium.torch import ConvNextForImageClassification as ConvNextForImageClassification
from trivium.torch import ConvNextBackbone as ConvNextBackbone
from trivium.torch import ConvNextV2Model as ConvNextV2Model
from trivium.torch import ConvNextV2ForImageClassification as ConvNextV2ForImageClassification
from trivium.torch import ConvNextV2Backbone as ConvNextV2Backbone
from trivium.torch import CvtModel as CvtModel
from trivium.torch import CvtForImageClassification as CvtForImageClassification
from trivium.torch import DebertaV2Model as DebertaV2Model
from trivium.torch import DebertaV2ForMaskedLM as DebertaV2ForMaskedLM
from trivium.torch import DebertaV2ForSequenceClassification as DebertaV2ForSequenceClassification
from trivium.torch import DebertaV2ForMultipleChoice as DebertaV2ForMultipleChoice
from trivium.torch import DebertaV2ForTokenClassification as DebertaV2ForTokenClassification
from trivium.torch import DebertaV2ForQuestionAnswering as DebertaV2ForQuestionAnswering
from trivium.torch import DeiTModel as DeiTModel
from trivium.torch import DeiTForImageClassification as DeiTForImageClassification
from trivium.torch import DeiTForImageClassificationWithTeacher as DeiTForImageClassificationWithTeacher
from trivium.torch import DeiTForMaskedImageModeling as DeiTForMaskedImageModeling
from trivium.torch import DetrModel as DetrModel
from trivium.torch import DetrForObjectDetection as DetrForObjectDetection
from trivium.torch import DetrForSegmentation as DetrForSegmentation
from trivium.torch import Dinov2Model as Dinov2Model
from trivium.torch import Dinov2ForImageClassification as Dinov2ForImageClassification
from trivium.torch import Dinov2Backbone as Dinov2Backbone
from trivium.torch import DistilBertModel as DistilBertModel
from trivium.torch import DistilBertForMaskedLM as DistilBertForMaskedLM
from trivium.torch import DistilBertForSequenceClassification as DistilBertForSequenceClassification
from trivium.torch import DistilBertForMultipleChoice as DistilBertForMultipleChoice
from trivium.torch import DistilBertForTokenClassification as DistilBertForTokenClassification
from trivium.torch import DistilBertForQuestionAnswering as DistilBertForQuestionAnswering
from trivium.torch import ElectraModel as ElectraModel
from trivium.torch import ElectraForMaskedLM as ElectraForMaskedLM
from trivium.torch import ElectraForCausalLM as ElectraForCausalLM
from trivium.torch import ElectraForPreTraining as ElectraForPreTraining
from trivium.torch import ElectraForSequenceClassification as ElectraForSequenceClassification
from trivium.torch import ElectraForMultipleChoice as ElectraForMultipleChoice
from trivium.torch import ElectraForTokenClassification as ElectraForTokenClassification
from trivium.torch import ElectraForQuestionAnswering as ElectraForQuestionAnswering
from trivium.torch import EncodecModel as EncodecModel
from trivium.torch import EncoderDecoderModel as EncoderDecoderModel
from trivium.torch import FalconModel as FalconModel
from trivium.torch import FalconForCausalLM as FalconForCausalLM
from trivium.torch import FalconForSequenceClassification as FalconForSequenceClassification
from trivium.torch import FalconForTokenClassification as FalconForTokenClassification
from trivium.torch import FalconForQuestionAnswering as FalconForQuestionAnswering
from trivium.torch import GemmaModel as GemmaModel
from trivium.torch import GemmaForCausalLM as GemmaForCausalLM
from trivium.torch import GemmaForSequenceClassification as GemmaForSequenceClassification
from trivium.torch import GemmaForTokenClassification as GemmaForTokenClassification
from trivium.torch import GPT2Model as GPT2Model
from trivium.torch import GPT2LMHeadModel as GPT2LMHeadModel
from trivium.torch import GPT2DoubleHeadsModel as GPT2DoubleHeadsModel
from trivium.torch import GPT2ForSequenceClassification as GPT2ForSequenceClassification
from trivium.torch import GPT2ForTokenClassification as GPT2ForTokenClassification
from trivium.torch import GPT2ForQuestionAnswering as GPT2ForQuestionAnswering
from trivium.torch import GPTNeoModel as GPTNeoModel
from trivium.torch import GPTNeoForCausalLM as GPTNeoForCausalLM
from trivium.torch import GPTNeoForSequenceClassification as GPTNeoForSequenceClassification
from trivium.torch import GPTNeoForTokenClassification as GPTNeoForTokenClassification
from trivium.torch import GPTNeoForQuestionAnswering as GPTNeoForQuestionAnswering
from trivium.torch import GPTNeoXModel as GPTNeoXModel
from trivium.torch import GPTNeoXForCausalLM as GPTNeoXForCausalLM
from trivium.torch import GPTNeoXForSequenceClassification as GPTNeoXForSequenceClassification
from trivium.torch import GPTNeoXForTokenClassification as GPTNeoXForTokenClassification
from trivium.torch import GPTNeoXForQuestionAnswering as GPTNeoXForQuestionAnswering
from trivium.torch import GPTJModel as GPTJModel
from trivium.torch import GPTJForCausalLM as GPTJForCausalLM
from trivium.torch import GPTJForSequenceClassification as GPTJForSequenceClassification
from trivium.torch import GPTJForQuestionAnswering as GPTJForQuestionAnswering
from trivium.torch import HubertModel as HubertModel
from trivium.torch import HubertForCTC as HubertForCTC
from trivium.torch import HubertForSequenceClassification as HubertForSequenceClassification
from trivium.torch import LayoutLMModel as LayoutLMModel
from trivium.torch import LayoutLMForMaskedLM as LayoutLMForMaskedLM
from trivium.torch import LayoutLMForSequenceClassification as LayoutLMForSequenceClassification
from trivium.torch import LayoutLMForTokenClassification as LayoutLMForTokenClassification
from trivium.torch import LayoutLMForQuestionAnswering as LayoutLMForQuestionAnswering
from trivium.torch import LlamaModel as LlamaModel
from trivium.torch import LlamaForCausalLM as LlamaForCausalLM
from trivium.torch import LlamaForSequenceClassification as LlamaForSequenceClassification
from trivium.torch import LlamaForTokenClassification as LlamaForTokenClassification
from trivium.torch import LlamaForQuestionAnswering as LlamaForQuestionAnswering
from trivium.torch import LlavaModel as LlavaModel
from trivium.torch import LlavaForConditionalGeneration as LlavaForConditionalGeneration
from trivium.torch import M2M100Model as M2M100Model
from trivium.torch import M2M100ForConditionalGeneration as M2M100ForConditionalGeneration
from trivium.torch import MambaModel as MambaModel
from trivium.torch import MambaForCausalLM as MambaForCausalLM
from trivium.torch import MarianModel as MarianModel
from trivium.torch import MarianMTModel as MarianMTModel
from trivium.torch import MarianForCausalLM as MarianForCausalLM
from trivium.torch import MBartModel as MBartModel
from trivium.torch import MBartForConditionalGeneration as MBartForConditionalGeneration
from trivium.torch import MBartForSequenceClassification as MBartForSequenceClassification
from trivium.torch import MBartForQuestionAnswering as MBartForQuestionAnswering
from trivium.torch import MBartForCausalLM as MBartForCausalLM
from trivium.torch import MistralModel as MistralModel
from trivium.torch import MistralForCausalLM as MistralForCausalLM
from trivium.torch import MistralForSequenceClassification as MistralForSequenceClassification
from trivium.torch import MistralForTokenClassification as MistralForTokenClassification
from trivium.torch import MistralForQuestionAnswering as MistralForQuestionAnswering
from trivium.torch import MixtralModel as MixtralModel
from trivium.torch import MixtralForCausalLM as MixtralForCausalLM
from trivium.torch import MixtralForSequenceClassification as MixtralForSequenceClassification
from trivium.torch import MixtralForTokenClassification as MixtralForTokenClassification
from trivium.torch import MixtralForQuestionAnswering as MixtralForQuestionAnswering
from trivium.torch import MobileViTModel as MobileViTModel
from trivium.torch import MobileViTForImageClassification as MobileViTForImageClassification
from trivium.torch import MobileViTForSemanticSegmentation as MobileViTForSemanticSegmentation
from trivium.torch import MPNetModel as MPNetModel
from trivium.torch import MPNetForMaskedLM as MPNetForMaskedLM
from trivium.torch import MPNetForSequenceClassification as MPNetForSequenceClassification
from trivium.torch import MPNetForMultipleChoice as MPNetForMultipleChoice
from trivium.torch import MPNetForTokenClassification as MPNetForTokenClassification
from trivium.torch import MPNetForQuestionAnswering as MPNetForQuestionAnswering
from trivium.torch import MT5Model as MT5Model
from trivium.torch import MT5EncoderModel as MT5EncoderModel
from trivium.torch import MT5ForConditionalGeneration as MT5ForConditionalGeneration
from trivium.torch import MT5ForQuestionAnswering as MT5ForQuestionAnswering
from trivium.torch import MT5ForSequenceClassification as MT5ForSequenceClassification
from trivium.torch import MT5ForTokenClassification as MT5ForTokenClassification
from trivium.torch import OPTModel as OPTModel
from trivium.torch import OPTForCausalLM as OPTForCausalLM
from trivium.torch import OPTForSequenceClassification as OPTForSequenceClassification
from trivium.torch import OPTForQuestionAnswering as OPTForQuestionAnswering
from trivium.torch import PatchTSTModel as PatchTSTModel
from trivium.torch import PatchTSTForPretraining as PatchTSTForPretraining
from trivium.torch import PatchTSTForClassification as PatchTSTForClassification
from trivium.torch import PatchTSTForPrediction as PatchTSTForPrediction
from trivium.torch import PatchTSTForRegression as PatchTSTForRegression
from trivium.torch import PegasusModel as PegasusModel
from trivium.torch import PegasusForConditionalGeneration as PegasusForConditionalGeneration
from trivium.torch import PegasusForCausalLM as PegasusForCausalLM
from trivium.torch import PhiModel as PhiModel
from trivium.torch import PhiForCausalLM as PhiForCausalLM
from trivium.torch import PhiForSequenceClassification as PhiForSequenceClassification
from trivium.torch import PhiForTokenClassification as PhiForTokenClassification
from trivium.torch import PLBartModel as PLBartModel
from trivium.torch import PLBartForConditionalGeneration as PLBartForConditionalGeneration
from trivium.torch import PLBartForSequenceClassification as PLBartForSequenceClassification
from trivium.torch import PLBartForCausalLM as PLBartForCausalLM
from trivium.torch import Qwen2Model as Qwen2Model
from trivium.torch import Qwen2ForCausalLM as Qwen2ForCausalLM
from trivium.torch import Qwen2ForSequenceClassification as Qwen2ForSequenceClassification
from trivium.torch import Qwen2ForTokenClassification as Qwen2ForTokenClassification
from trivium.torch import Qwen2ForQuestionAnswering as Qwen2ForQuestionAnswering
from trivium.torch import RecurrentGemmaModel as RecurrentGemmaModel
from trivium.torch import RecurrentGemmaForCausalLM as RecurrentGemmaForCausalLM
from trivium.torch import RegNetModel as RegNetModel
from trivium.torch import RegNetForImageClassification as RegNetForImageClassification
from trivium.torch import RemBertModel as RemBertModel
from trivium.torch import RemBertForMaskedLM as RemBertForMaskedLM
from trivium.torch import RemBertForCausalLM as RemBertForCausalLM
from trivium.torch import RemBertForSequenceClassification as RemBertForSequenceClassification
from trivium.torch import RemBertForMultipleChoice as RemBertForMultipleChoice
from trivium.torch import RemBertForTokenClassification as RemBertForTokenClassification
from trivium.torch import RemBertForQuestionAnswering as RemBertForQuestionAnswering
from trivium.torch import ResNetModel as ResNetModel
from trivium.torch import ResNetForImageClassification as ResNetForImageClassification
from trivium.torch import ResNetBackbone as ResNetBackbone
from trivium.torch import RobertaModel as RobertaModel
from trivium.torch import RobertaForMaskedLM as RobertaForMaskedLM
from trivium.torch import RobertaForCausalLM as RobertaForCausalLM
from trivium.torch import RobertaForSequenceClassification as RobertaForSequenceClassification
from trivium.torch import RobertaForMultipleChoice as RobertaForMultipleChoice
from trivium.torch import RobertaForTokenClassification as RobertaForTokenClassification
from trivium.torch import RobertaForQuestionAnswering as RobertaForQuestionAnswering
from trivium.torch import RobertaPreLayerNormModel as RobertaPreLayerNormModel
from trivium.torch import RobertaPreLayerNormForMaskedLM as RobertaPreLayerNormForMaskedLM
from trivium.torch import RobertaPreLayerNormForCausalLM as RobertaPreLayerNormForCausalLM
from trivium.torch import RobertaPreLayerNormForSequenceClassification as RobertaPreLayerNormForSequenceClassification
from trivium.torch import RobertaPreLayerNormForMultipleChoice as RobertaPreLayerNormForMultipleChoice
from trivium.torch import RobertaPreLayerNormForTokenClassification as RobertaPreLayerNormForTokenClassification
from trivium.torch import RobertaPreLayerNormForQuestionAnswering as RobertaPreLayerNormForQuestionAnswering
from trivium.torch import SegformerModel as SegformerModel
from trivium.torch import SegformerForImageClassification as SegformerForImageClassification
from trivium.torch import SegformerForSemanticSegmentation as SegformerForSemanticSegmentation
from trivium.torch import SiglipTextModel as SiglipTextModel
from trivium.torch import SiglipVisionModel as SiglipVisionModel
from trivium.torch import SiglipModel as SiglipModel
from trivium.torch import SiglipForImageClassification as SiglipForImageClassification
from trivium.torch import SpeechEncoderDecoderModel as SpeechEncoderDecoderModel
from trivium.torch import SwinModel as SwinModel
from trivium.torch import SwinForImageClassification as SwinForImageClassification
from trivium.torch import SwinForMaskedImageModeling as SwinForMaskedImageModeling
from trivium.torch import SwinBackbone as SwinBackbone
from trivium.torch import T5Model as T5Model
from trivium.torch import T5EncoderModel as T5EncoderModel
from trivium.torch import T5ForConditionalGeneration as T5ForConditionalGeneration
from trivium.torch import T5ForQuestionAnswering as T5ForQuestionAnswering
from trivium.torch import T5ForSequenceClassification as T5ForSequenceClassification
from trivium.torch import T5ForTokenClassification as T5ForTokenClassification
from trivium.torch import TrOCRForCausalLM as TrOCRForCausalLM
from trivium.torch import UMT5Model as UMT5Model
from trivium.torch import UMT5EncoderModel as UMT5EncoderModel
from trivium.torch import UMT5ForConditionalGeneration as UMT5ForConditionalGeneration
from trivium.torch import UMT5ForQuestionAnswering as UMT5ForQuestionAnswering
from trivium.torch import UMT5ForSequenceClassification as UMT5ForSequenceClassification
from trivium.torch import UMT5ForTokenClassification as UMT5ForTokenClassification
from trivium.torch import UniSpeechModel as UniSpeechModel
from trivium.torch import UniSpeechForPreTraining as UniSpeechForPreTraining
from trivium.torch import UniSpeechForCTC as UniSpeechForCTC
from trivium.torch import UniSpeechForSequenceClassification as UniSpeechForSequenceClassification
from trivium.torch import ViltModel as ViltModel
from trivium.torch import ViltForMaskedLM as ViltForMaskedLM
from trivium.torch import ViltForQuestionAnswering as ViltForQuestionAnswering
from trivium.torch import ViltForImageAndTextRetrieval as ViltForImageAndTextRetrieval
from trivium.torch import ViltForImagesAndTextClassification as ViltForImagesAndTextClassification
from trivium.torch import ViltForTokenClassification as ViltForTokenClassification
from trivium.torch import VisionEncoderDecoderModel as VisionEncoderDecoderModel
from trivium.torch import ViTModel as ViTModel
from trivium.torch import ViTForImageClassification as ViTForImageClassification
from trivium.torch import ViTForMaskedImageModeling as ViTForMaskedImageModeling
from trivium.torch import ViTMAEModel as ViTMAEModel
from trivium.torch import ViTMAEForPreTraining as ViTMAEForPreTraining
from trivium.torch import Wav2Vec2Model as Wav2Vec2Model
from trivium.torch import Wav2Vec2ForCTC as Wav2Vec2ForCTC
from trivium.torch import Wav2Vec2ForSequenceClassification as Wav2Vec2ForSequenceClassification
from trivium.torch import Wav2Vec2ForAudioFrameClassification as Wav2Vec2ForAudioFrameClassification
from trivium.torch import Wav2Vec2ForPreTraining as Wav2Vec2ForPreTraining
from trivium.torch import Wav2Vec2ForXVector as Wav2Vec2ForXVector
from trivium.torch import WhisperModel as WhisperModel
from trivium.torch import WhisperForConditionalGeneration as WhisperForConditionalGeneration
from trivium.torch import WhisperForCausalLM as WhisperForCausalLM
from trivium.torch import WhisperForAudioClassification as WhisperForAudioClassification
from trivium.torch import XLMRobertaModel as XLMRobertaModel
from trivium.torch import XLMRobertaForMaskedLM as XLMRobertaForMaskedLM
from trivium.torch import XLMRobertaForCausalLM as XLMRobertaForCausalLM
from trivium.torch import XLMRobertaForSequenceClassification as XLMRobertaForSequenceClassification
from trivium.torch import XLMRobertaForMultipleChoice as XLMRobertaForMultipleChoice
from trivium.torch import XLMRobertaForTokenClassification as XLMRobertaForTokenClassification
from trivium.torch import XLMRobertaForQuestionAnswering as XLMRobertaForQuestionAnswering
from trivium.torch import XLNetModel as XLNetModel
from trivium.torch import XLNetLMHeadModel as XLNetLMHeadModel
from trivium.torch import XLNetForSequenceClassification as XLNetForSequenceClassification
from trivium.torch import XLNetForMultipleChoice as XLNetForMultipleChoice
from trivium.torch import XLNetForTokenClassification as XLNetForTokenClassification
from trivium.torch import XLNetForQuestionAnsweringSimple as XLNetForQuestionAnsweringSimple
from trivium.torch import XLNetForQuestionAnswering as XLNetForQuestionAnswering

__version__: str
_Out = TypeVar("_Out", covariant=True)

class _TFTwin(Generic[_Out], _TFModel):
    def prepare_tf_dataset(
        self, dataset: Any, batch_size: int = 8, shuffle: bool = True, tokenizer: Any = None, collate_fn: Any = None,
        collate_fn_args: Any = None, drop_remainder: bool | None = None, prefetch: bool = True
    ) -> Any: ...
    def __call__(self, *inputs: Any, return_dict: bool | None = None, training: bool | None = None, **options: Any) -> _Out: ...

class _FlaxTwin(Generic[_Out], _FlaxModel):
    def __init__(
        self, config: _Config, input_shape: Any = None, seed: int | None = 0, dtype: Any = ..., _do_init: bool = True
    ) -> None: ...
    def __call__(
        self, *inputs: Any, params: Any = None, dropout_rng: Any = None, train: bool = False, return_dict: bool | None = None,
        **options: Any
    ) -> _Out: ...
    @property
    def params_shape_tree(self) -> Any: ...
    @property
    def required_params(self) -> set[tuple[str, ...]]: ...
    def init_weights(self, rng: Any, input_shape: Any = None, params: Any = None) -> Any: ...
    def to_bf16(self, params: Any, mask: Any = None) -> Any: ...
    def to_fp16(self, params: Any, mask: Any = None) -> Any: ...
    def to_fp32(self, params: Any, mask: Any = None) -> Any: ...

class AlbertTokenizer(_Named): ...
class AlbertTokenizerFast(_Named): ...
class BartTokenizer(_Named): ...
class BartTokenizerFast(_Named): ...
class BarthezTokenizer(_Named): ...
class BarthezTokenizerFast(_Named): ...
class BertTokenizer(_Named): ...
class BertTokenizerFast(_Named): ...
class BlenderbotTokenizer(_Named): ...
class BlenderbotTokenizerFast(_Named): ...
class BertJapaneseTokenizer(_Named): ...
class BertJapaneseTokenizerFast(_Named): ...
class BertweetTokenizer(_Named): ...
class BertweetTokenizerFast(_Named): ...
class BlenderbotSmallTokenizer(_Named): ...
class BlenderbotSmallTokenizerFast(_Named): ...
class BloomTokenizer(_Named): ...
class BloomTokenizerFast(_Named): ...
class ByT5Tokenizer(_Named): ...
class ByT5TokenizerFast(_Named): ...
class CLIPTokenizer(_Named): ...
class CLIPTokenizerFast(_Named): ...
class CamembertTokenizer(_Named): ...
class CamembertTokenizerFast(_Named): ...
class CodeGenTokenizer(_Named): ...
class CodeGenTokenizerFast(_Named): ...
class DebertaV2Tokenizer(_Named): ...
class DebertaV2TokenizerFast(_Named): ...
class DistilBertTokenizer(_Named): ...
class DistilBertTokenizerFast(_Named): ...
class ElectraTokenizer(_Named): ...
class ElectraTokenizerFast(_Named): ...
class GPT2Tokenizer(_Named): ...
class GPT2TokenizerFast(_Named): ...
class GPTNeoXTokenizer(_Named): ...
class GPTNeoXTokenizerFast(_Named): ...
class GemmaTokenizer(_Named): ...
class GemmaTokenizerFast(_Named): ...
class HerbertTokenizer(_Named): ...
class HerbertTokenizerFast(_Named): ...
class LayoutLMTokenizer(_Named): ...
class LayoutLMTokenizerFast(_Named): ...
class LlamaTokenizer(_Named): ...
class LlamaTokenizerFast(_Named): ...
class M2M100Tokenizer(_Named): ...
class M2M100TokenizerFast(_Named): ...
class MBartTokenizer(_Named): ...
class MBartTokenizerFast(_Named): ...
class MBart50Tokenizer(_Named): ...
class MBart50TokenizerFast(_Named): ...
class MPNetTokenizer(_Named): ...
class MPNetTokenizerFast(_Named): ...
class MarianTokenizer(_Named): ...
class MarianTokenizerFast(_Named): ...
class NllbTokenizer(_Named): ...
class NllbTokenizerFast(_Named): ...
class PegasusTokenizer(_Named): ...
class PegasusTokenizerFast(_Named): ...
class PhobertTokenizer(_Named): ...
class PhobertTokenizerFast(_Named): ...
class PreTrainedTokenizer(_Named): ...
class PreTrainedTokenizerFast(_Named): ...
class Qwen2Tokenizer(_Named): ...
class Qwen2TokenizerFast(_Named): ...
class RobertaTokenizer(_Named): ...
class RobertaTokenizerFast(_Named): ...
class SiglipTokenizer(_Named): ...
class SiglipTokenizerFast(_Named): ...
class T5Tokenizer(_Named): ...
class T5TokenizerFast(_Named): ...
class Wav2Vec2CTCTokenizer(_Named): ...
class Wav2Vec2CTCTokenizerFast(_Named): ...
class WhisperTokenizer(_Named): ...
class WhisperTokenizerFast(_Named): ...
class XLMRobertaTokenizer(_Named): ...
class XLMRobertaTokenizerFast(_Named): ...
class XLNetTokenizer(_Named): ...
class XLNetTokenizerFast(_Named): ...
class CodeLlamaTokenizer(_Named): ...
class CodeLlamaTokenizerFast(_Named): ...
class ConvBertTokenizer(_Named): ...
class ConvBertTokenizerFast(_Named): ...
class LayoutXLMTokenizer(_Named): ...
class LayoutXLMTokenizerFast(_Named): ...
class LEDTokenizer(_Named): ...
class LEDTokenizerFast(_Named): ...
class LongformerTokenizer(_Named): ...
class LongformerTokenizerFast(_Named): ...
class LxmertTokenizer(_Named): ...
class LxmertTokenizerFast(_Named): ...
class MobileBertTokenizer(_Named): ...
class MobileBertTokenizerFast(_Named): ...
class MT5Tokenizer(_Named): ...
class MT5TokenizerFast(_Named): ...
class MvpTokenizer(_Named): ...
class MvpTokenizerFast(_Named): ...
class SqueezeBertTokenizer(_Named): ...
class SqueezeBertTokenizerFast(_Named): ...
class _TFAuto:
    @classmethod
    def from_pretrained(cls, source: str | Path, *, config: _Config | None = None, **options: Any) -> _TFTwin[Any]: ...
    @classmethod
    def from_config(cls, config: _Config, **options: Any) -> _TFTwin[Any]: ...
class TFAutoModel(_TFAuto): ...
class TFAutoModelForPreTraining(_TFAuto): ...
class TFAutoModelForMaskedLM(_TFAuto): ...
class TFAutoModelForCausalLM(_TFAuto): ...
class TFAutoModelForSeq2SeqLM(_TFAuto): ...
class TFAutoModelForSpeechSeq2Seq(_TFAuto): ...
class TFAutoModelForVision2Seq(_TFAuto): ...
class TFAutoModelForImageTextToText(_TFAuto): ...
class TFAutoModelForNextSentencePrediction(_TFAuto): ...
class TFAutoModelForSequenceClassification(_TFAuto): ...
class TFAutoModelForMultipleChoice(_TFAuto): ...
class TFAutoModelForTokenClassification(_TFAuto): ...
class TFAutoModelForQuestionAnswering(_TFAuto): ...
class TFAutoModelForImageClassification(_TFAuto): ...
class TFAutoModelForMaskedImageModeling(_TFAuto): ...
class TFAutoModelForSemanticSegmentation(_TFAuto): ...
class TFAutoModelForDocumentQuestionAnswering(_TFAuto): ...
class TFAutoModelForVisualQuestionAnswering(_TFAuto): ...
class TFAutoModelForObjectDetection(_TFAuto): ...
class TFAutoModelForImageSegmentation(_TFAuto): ...
class TFAutoBackbone(_TFAuto): ...
class TFAutoModelForAudioClassification(_TFAuto): ...
class TFAutoModelForAudioFrameClassification(_TFAuto): ...
class TFAutoModelForAudioXVector(_TFAuto): ...
class TFAutoModelForCTC(_TFAuto): ...
class TFAlbertModel(_TFTwin[BaseModelOutputWithPooling]):
    config: AlbertConfig
class TFAlbertForPreTraining(_TFTwin[AlbertPreTrainingOutput]):
    config: AlbertConfig
class TFAlbertForMaskedLM(_TFTwin[HeadOutput]):
    config: AlbertConfig
class TFAlbertForSequenceClassification(_TFTwin[HeadOutput]):
    config: AlbertConfig
class TFAlbertForMultipleChoice(_TFTwin[HeadOutput]):
    config: AlbertConfig
class TFAlbertForTokenClassification(_TFTwin[HeadOutput]):
    config: AlbertConfig
class TFAlbertForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: AlbertConfig
class TFASTModel(_TFTwin[BaseModelOutputWithPooling]):
    config: ASTConfig
class TFASTForAudioClassification(_TFTwin[HeadOutput]):
    config: ASTConfig
class TFBartModel(_TFTwin[Seq2SeqModelOutput]):
    config: BartConfig
class TFBartForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: BartConfig
class TFBartForSequenceClassification(_TFTwin[Seq2SeqLMOutput]):
    config: BartConfig
class TFBartForQuestionAnswering(_TFTwin[Seq2SeqQuestionAnsweringOutput]):
    config: BartConfig
class TFBartForCausalLM(_TFTwin[HeadOutput], Generates):
    config: BartConfig
class TFBeitModel(_TFTwin[BaseModelOutputWithPooling]):
    config: BeitConfig
class TFBeitForMaskedImageModeling(_TFTwin[HeadOutput]):
    config: BeitConfig
class TFBeitForImageClassification(_TFTwin[HeadOutput]):
    config: BeitConfig
class TFBeitForSemanticSegmentation(_TFTwin[HeadOutput]):
    config: BeitConfig
class TFBeitBackbone(_TFTwin[BackboneOutput]):
    config: BeitConfig
class TFBertModel(_TFTwin[BaseModelOutputWithPooling]):
    config: BertConfig
class TFBertForMaskedLM(_TFTwin[HeadOutput]):
    config: BertConfig
class TFBertLMHeadModel(_TFTwin[HeadOutput], Generates):
    config: BertConfig
class TFBertForPreTraining(_TFTwin[PreTrainingOutput]):
    config: BertConfig
class TFBertForNextSentencePrediction(_TFTwin[HeadOutput]):
    config: BertConfig
class TFBertForSequenceClassification(_TFTwin[HeadOutput]):
    config: BertConfig
class TFBertForMultipleChoice(_TFTwin[HeadOutput]):
    config: BertConfig
class TFBertForTokenClassification(_TFTwin[HeadOutput]):
    config: BertConfig
class TFBertForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: BertConfig
class TFBlenderbotModel(_TFTwin[Seq2SeqModelOutput]):
    config: BlenderbotConfig
class TFBlenderbotForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: BlenderbotConfig
class TFBlenderbotForCausalLM(_TFTwin[HeadOutput], Generates):
    config: BlenderbotConfig
class TFBlenderbotSmallModel(_TFTwin[Seq2SeqModelOutput]):
    config: BlenderbotSmallConfig
class TFBlenderbotSmallForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: BlenderbotSmallConfig
class TFBlenderbotSmallForCausalLM(_TFTwin[HeadOutput], Generates):
    config: BlenderbotSmallConfig
class TFBlipVisionModel(_TFTwin[BaseModelOutputWithPooling]):
    config: BlipVisionConfig
class TFBlipTextModel(_TFTwin[BaseModelOutputWithPooling]):
    config: BlipTextConfig
class TFBlipModel(_TFTwin[ContrastiveOutput]):
    config: BlipConfig
class TFBlipForConditionalGeneration(_TFTwin[Any], Generates):
    config: BlipConfig
class TFBlipForQuestionAnswering(_TFTwin[Any], Generates):
    config: BlipConfig
class TFBlipForImageTextRetrieval(_TFTwin[ImageTextMatchingOutput]):
    config: BlipConfig
class TFBloomModel(_TFTwin[BaseModelOutput]):
    config: BloomConfig
class TFBloomForCausalLM(_TFTwin[HeadOutput], Generates):
    config: BloomConfig
class TFBloomForSequenceClassification(_TFTwin[HeadOutput]):
    config: BloomConfig
class TFBloomForTokenClassification(_TFTwin[HeadOutput]):
    config: BloomConfig
class TFBloomForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: BloomConfig
class TFCamembertModel(_TFTwin[BaseModelOutputWithPooling]):
    config: CamembertConfig
class TFCamembertForMaskedLM(_TFTwin[HeadOutput]):
    config: CamembertConfig
class TFCamembertForCausalLM(_TFTwin[HeadOutput], Generates):
    config: CamembertConfig
class TFCamembertForSequenceClassification(_TFTwin[HeadOutput]):
    config: CamembertConfig
class TFCamembertForMultipleChoice(_TFTwin[HeadOutput]):
    config: CamembertConfig
class TFCamembertForTokenClassification(_TFTwin[HeadOutput]):
    config: CamembertConfig
class TFCamembertForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: CamembertConfig
class TFCLIPTextModel(_TFTwin[Any]):
    config: CLIPTextConfig
class TFCLIPTextModelWithProjection(_TFTwin[TextEmbedsOutput]):
    config: CLIPTextConfig
class TFCLIPVisionModel(_TFTwin[Any]):
    config: CLIPVisionConfig
class TFCLIPVisionModelWithProjection(_TFTwin[ImageEmbedsOutput]):
    config: CLIPVisionConfig
class TFCLIPModel(_TFTwin[ContrastiveOutput]):
    config: CLIPConfig
class TFCLIPForImageClassification(_TFTwin[HeadOutput]):
    config: CLIPConfig
class TFConvNextModel(_TFTwin[BaseModelOutputWithPooling]):
    config: ConvNextConfig
class TFConvNextForImageClassification(_TFTwin[HeadOutput]):
    config: ConvNextConfig
class TFConvNextBackbone(_TFTwin[BackboneOutput]):
    config: ConvNextConfig
class TFConvNextV2Model(_TFTwin[BaseModelOutputWithPooling]):
    config: ConvNextV2Config
class TFConvNextV2ForImageClassification(_TFTwin[HeadOutput]):
    config: ConvNextV2Config
class TFConvNextV2Backbone(_TFTwin[BackboneOutput]):
    config: ConvNextV2Config
class TFCvtModel(_TFTwin[CvtModelOutput]):
    config: CvtConfig
class TFCvtForImageClassification(_TFTwin[HeadOutput]):
    config: CvtConfig
class TFDebertaV2Model(_TFTwin[BaseModelOutput]):
    config: DebertaV2Config
class TFDebertaV2ForMaskedLM(_TFTwin[HeadOutput]):
    config: DebertaV2Config
class TFDebertaV2ForSequenceClassification(_TFTwin[HeadOutput]):
    config: DebertaV2Config
class TFDebertaV2ForMultipleChoice(_TFTwin[HeadOutput]):
    config: DebertaV2Config
class TFDebertaV2ForTokenClassification(_TFTwin[HeadOutput]):
    config: DebertaV2Config
class TFDebertaV2ForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: DebertaV2Config
class TFDeiTModel(_TFTwin[BaseModelOutputWithPooling]):
    config: DeiTConfig
class TFDeiTForImageClassification(_TFTwin[HeadOutput]):
    config: DeiTConfig
class TFDeiTForImageClassificationWithTeacher(_TFTwin[DistilledClassificationOutput]):
    config: DeiTConfig
class TFDeiTForMaskedImageModeling(_TFTwin[MaskedImageModelingOutput]):
    config: DeiTConfig
class TFDetrModel(_TFTwin[DetectionModelOutput]):
    config: DetrConfig
class TFDetrForObjectDetection(_TFTwin[DetectionOutput]):
    config: DetrConfig
class TFDetrForSegmentation(_TFTwin[InstanceSegmentationOutput]):
    config: DetrConfig
class TFDinov2Model(_TFTwin[BaseModelOutputWithPooling]):
    config: Dinov2Config
class TFDinov2ForImageClassification(_TFTwin[HeadOutput]):
    config: Dinov2Config
class TFDinov2Backbone(_TFTwin[BackboneOutput]):
    config: Dinov2Config
class TFDistilBertModel(_TFTwin[BaseModelOutput]):
    config: DistilBertConfig
class TFDistilBertForMaskedLM(_TFTwin[HeadOutput]):
    config: DistilBertConfig
class TFDistilBertForSequenceClassification(_TFTwin[HeadOutput]):
    config: DistilBertConfig
class TFDistilBertForMultipleChoice(_TFTwin[HeadOutput]):
    config: DistilBertConfig
class TFDistilBertForTokenClassification(_TFTwin[HeadOutput]):
    config: DistilBertConfig
class TFDistilBertForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: DistilBertConfig
class TFElectraModel(_TFTwin[BaseModelOutputWithPooling]):
    config: ElectraConfig
class TFElectraForMaskedLM(_TFTwin[HeadOutput]):
    config: ElectraConfig
class TFElectraForCausalLM(_TFTwin[HeadOutput], Generates):
    config: ElectraConfig
class TFElectraForPreTraining(_TFTwin[HeadOutput]):
    config: ElectraConfig
class TFElectraForSequenceClassification(_TFTwin[HeadOutput]):
    config: ElectraConfig
class TFElectraForMultipleChoice(_TFTwin[HeadOutput]):
    config: ElectraConfig
class TFElectraForTokenClassification(_TFTwin[HeadOutput]):
    config: ElectraConfig
class TFElectraForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: ElectraConfig
class TFEncodecModel(_TFTwin[EncodecOutput]):
    config: EncodecConfig
class TFEncoderDecoderModel(_TFTwin[Seq2SeqLMOutput], Generates):
    config: EncoderDecoderConfig
class TFFalconModel(_TFTwin[BaseModelOutput]):
    config: FalconConfig
class TFFalconForCausalLM(_TFTwin[HeadOutput], Generates):
    config: FalconConfig
class TFFalconForSequenceClassification(_TFTwin[HeadOutput]):
    config: FalconConfig
class TFFalconForTokenClassification(_TFTwin[HeadOutput]):
    config: FalconConfig
class TFFalconForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: FalconConfig
class TFGemmaModel(_TFTwin[BaseModelOutput]):
    config: GemmaConfig
class TFGemmaForCausalLM(_TFTwin[HeadOutput], Generates):
    config: GemmaConfig
class TFGemmaForSequenceClassification(_TFTwin[HeadOutput]):
    config: GemmaConfig
class TFGemmaForTokenClassification(_TFTwin[HeadOutput]):
    config: GemmaConfig
class TFGPT2Model(_TFTwin[BaseModelOutput]):
    config: GPT2Config
class TFGPT2LMHeadModel(_TFTwin[HeadOutput], Generates):
    config: GPT2Config
class TFGPT2DoubleHeadsModel(_TFTwin[DoubleHeadsOutput], Generates):
    config: GPT2Config
class TFGPT2ForSequenceClassification(_TFTwin[HeadOutput]):
    config: GPT2Config
class TFGPT2ForTokenClassification(_TFTwin[HeadOutput]):
    config: GPT2Config
class TFGPT2ForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: GPT2Config
class TFGPTNeoModel(_TFTwin[BaseModelOutput]):
    config: GPTNeoConfig
class TFGPTNeoForCausalLM(_TFTwin[HeadOutput], Generates):
    config: GPTNeoConfig
class TFGPTNeoForSequenceClassification(_TFTwin[HeadOutput]):
    config: GPTNeoConfig
class TFGPTNeoForTokenClassification(_TFTwin[HeadOutput]):
    config: GPTNeoConfig
class TFGPTNeoForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: GPTNeoConfig
class TFGPTNeoXModel(_TFTwin[BaseModelOutput]):
    config: GPTNeoXConfig
class TFGPTNeoXForCausalLM(_TFTwin[HeadOutput], Generates):
    config: GPTNeoXConfig
class TFGPTNeoXForSequenceClassification(_TFTwin[HeadOutput]):
    config: GPTNeoXConfig
class TFGPTNeoXForTokenClassification(_TFTwin[HeadOutput]):
    config: GPTNeoXConfig
class TFGPTNeoXForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: GPTNeoXConfig
class TFGPTJModel(_TFTwin[BaseModelOutput]):
    config: GPTJConfig
class TFGPTJForCausalLM(_TFTwin[HeadOutput], Generates):
    config: GPTJConfig
class TFGPTJForSequenceClassification(_TFTwin[HeadOutput]):
    config: GPTJConfig
class TFGPTJForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: GPTJConfig
class TFHubertModel(_TFTwin[BaseModelOutput]):
    config: HubertConfig
class TFHubertForCTC(_TFTwin[HeadOutput]):
    config: HubertConfig
class TFHubertForSequenceClassification(_TFTwin[HeadOutput]):
    config: HubertConfig
class TFLayoutLMModel(_TFTwin[BaseModelOutputWithPooling]):
    config: LayoutLMConfig
class TFLayoutLMForMaskedLM(_TFTwin[HeadOutput]):
    config: LayoutLMConfig
class TFLayoutLMForSequenceClassification(_TFTwin[HeadOutput]):
    config: LayoutLMConfig
class TFLayoutLMForTokenClassification(_TFTwin[HeadOutput]):
    config: LayoutLMConfig
class TFLayoutLMForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: LayoutLMConfig
class TFLlamaModel(_TFTwin[BaseModelOutput]):
    config: LlamaConfig
class TFLlamaForCausalLM(_TFTwin[HeadOutput], Generates):
    config: LlamaConfig
class TFLlamaForSequenceClassification(_TFTwin[HeadOutput]):
    config: LlamaConfig
class TFLlamaForTokenClassification(_TFTwin[HeadOutput]):
    config: LlamaConfig
class TFLlamaForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: LlamaConfig
class TFLlavaModel(_TFTwin[ImagesInTextModelOutput]):
    config: LlavaConfig
class TFLlavaForConditionalGeneration(_TFTwin[ImagesInTextHeadOutput], Generates):
    config: LlavaConfig
class TFM2M100Model(_TFTwin[Seq2SeqModelOutput]):
    config: M2M100Config
class TFM2M100ForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: M2M100Config
class TFMambaModel(_TFTwin[BaseModelOutput]):
    config: MambaConfig
class TFMambaForCausalLM(_TFTwin[HeadOutput], Generates):
    config: MambaConfig
class TFMarianModel(_TFTwin[Seq2SeqModelOutput]):
    config: MarianConfig
class TFMarianMTModel(_TFTwin[Seq2SeqLMOutput], Generates):
    config: MarianConfig
class TFMarianForCausalLM(_TFTwin[HeadOutput], Generates):
    config: MarianConfig
class TFMBartModel(_TFTwin[Seq2SeqModelOutput]):
    config: MBartConfig
class TFMBartForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: MBartConfig
class TFMBartForSequenceClassification(_TFTwin[Seq2SeqLMOutput]):
    config: MBartConfig
class TFMBartForQuestionAnswering(_TFTwin[Seq2SeqQuestionAnsweringOutput]):
    config: MBartConfig
class TFMBartForCausalLM(_TFTwin[HeadOutput], Generates):
    config: MBartConfig
class TFMistralModel(_TFTwin[BaseModelOutput]):
    config: MistralConfig
class TFMistralForCausalLM(_TFTwin[HeadOutput], Generates):
    config: MistralConfig
class TFMistralForSequenceClassification(_TFTwin[HeadOutput]):
    config: MistralConfig
class TFMistralForTokenClassification(_TFTwin[HeadOutput]):
    config: MistralConfig
class TFMistralForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: MistralConfig
class TFMixtralModel(_TFTwin[Any]):
    config: MixtralConfig
class TFMixtralForCausalLM(_TFTwin[ExpertsHeadOutput], Generates):
    config: MixtralConfig
class TFMixtralForSequenceClassification(_TFTwin[HeadOutput]):
    config: MixtralConfig
class TFMixtralForTokenClassification(_TFTwin[HeadOutput]):
    config: MixtralConfig
class TFMixtralForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: MixtralConfig
class TFMobileViTModel(_TFTwin[BaseModelOutputWithPooling]):
    config: MobileViTConfig
class TFMobileViTForImageClassification(_TFTwin[HeadOutput]):
    config: MobileViTConfig
class TFMobileViTForSemanticSegmentation(_TFTwin[HeadOutput]):
    config: MobileViTConfig
class TFMPNetModel(_TFTwin[BaseModelOutputWithPooling]):
    config: MPNetConfig
class TFMPNetForMaskedLM(_TFTwin[HeadOutput]):
    config: MPNetConfig
class TFMPNetForSequenceClassification(_TFTwin[HeadOutput]):
    config: MPNetConfig
class TFMPNetForMultipleChoice(_TFTwin[HeadOutput]):
    config: MPNetConfig
class TFMPNetForTokenClassification(_TFTwin[HeadOutput]):
    config: MPNetConfig
class TFMPNetForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: MPNetConfig
class TFMT5Model(_TFTwin[Seq2SeqModelOutput]):
    config: MT5Config
class TFMT5EncoderModel(_TFTwin[BaseModelOutput]):
    config: MT5Config
class TFMT5ForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: MT5Config
class TFMT5ForQuestionAnswering(_TFTwin[Seq2SeqQuestionAnsweringOutput]):
    config: MT5Config
class TFMT5ForSequenceClassification(_TFTwin[Seq2SeqLMOutput]):
    config: MT5Config
class TFMT5ForTokenClassification(_TFTwin[HeadOutput]):
    config: MT5Config
class TFOPTModel(_TFTwin[BaseModelOutput]):
    config: OPTConfig
class TFOPTForCausalLM(_TFTwin[HeadOutput], Generates):
    config: OPTConfig
class TFOPTForSequenceClassification(_TFTwin[HeadOutput]):
    config: OPTConfig
class TFOPTForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: OPTConfig
class TFPatchTSTModel(_TFTwin[SeriesModelOutput]):
    config: PatchTSTConfig
class TFPatchTSTForPretraining(_TFTwin[SeriesPreTrainingOutput]):
    config: PatchTSTConfig
class TFPatchTSTForClassification(_TFTwin[SeriesClassificationOutput]):
    config: PatchTSTConfig
class TFPatchTSTForPrediction(_TFTwin[SeriesPredictionOutput]):
    config: PatchTSTConfig
class TFPatchTSTForRegression(_TFTwin[SeriesRegressionOutput]):
    config: PatchTSTConfig
class TFPegasusModel(_TFTwin[Seq2SeqModelOutput]):
    config: PegasusConfig
class TFPegasusForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: PegasusConfig
class TFPegasusForCausalLM(_TFTwin[HeadOutput], Generates):
    config: PegasusConfig
class TFPhiModel(_TFTwin[BaseModelOutput]):
    config: PhiConfig
class TFPhiForCausalLM(_TFTwin[HeadOutput], Generates):
    config: PhiConfig
class TFPhiForSequenceClassification(_TFTwin[HeadOutput]):
    config: PhiConfig
class TFPhiForTokenClassification(_TFTwin[HeadOutput]):
    config: PhiConfig
class TFPLBartModel(_TFTwin[Seq2SeqModelOutput]):
    config: PLBartConfig
class TFPLBartForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: PLBartConfig
class TFPLBartForSequenceClassification(_TFTwin[Seq2SeqLMOutput]):
    config: PLBartConfig
class TFPLBartForCausalLM(_TFTwin[HeadOutput], Generates):
    config: PLBartConfig
class TFQwen2Model(_TFTwin[BaseModelOutput]):
    config: Qwen2Config
class TFQwen2ForCausalLM(_TFTwin[HeadOutput], Generates):
    config: Qwen2Config
class TFQwen2ForSequenceClassification(_TFTwin[HeadOutput]):
    config: Qwen2Config
class TFQwen2ForTokenClassification(_TFTwin[HeadOutput]):
    config: Qwen2Config
class TFQwen2ForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: Qwen2Config
class TFRecurrentGemmaModel(_TFTwin[BaseModelOutput]):
    config: RecurrentGemmaConfig
class TFRecurrentGemmaForCausalLM(_TFTwin[HeadOutput], Generates):
    config: RecurrentGemmaConfig
class TFRegNetModel(_TFTwin[BaseModelOutputWithPooling]):
    config: RegNetConfig
class TFRegNetForImageClassification(_TFTwin[HeadOutput]):
    config: RegNetConfig
class TFRemBertModel(_TFTwin[BaseModelOutputWithPooling]):
    config: RemBertConfig
class TFRemBertForMaskedLM(_TFTwin[HeadOutput]):
    config: RemBertConfig
class TFRemBertForCausalLM(_TFTwin[HeadOutput], Generates):
    config: RemBertConfig
class TFRemBertForSequenceClassification(_TFTwin[HeadOutput]):
    config: RemBertConfig
class TFRemBertForMultipleChoice(_TFTwin[HeadOutput]):
    config: RemBertConfig
class TFRemBertForTokenClassification(_TFTwin[HeadOutput]):
    config: RemBertConfig
class TFRemBertForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: RemBertConfig
class TFResNetModel(_TFTwin[BaseModelOutputWithPooling]):
    config: ResNetConfig
class TFResNetForImageClassification(_TFTwin[HeadOutput]):
    config: ResNetConfig
class TFResNetBackbone(_TFTwin[BackboneOutput]):
    config: ResNetConfig
class TFRobertaModel(_TFTwin[BaseModelOutputWithPooling]):
    config: RobertaConfig
class TFRobertaForMaskedLM(_TFTwin[HeadOutput]):
    config: RobertaConfig
class TFRobertaForCausalLM(_TFTwin[HeadOutput], Generates):
    config: RobertaConfig
class TFRobertaForSequenceClassification(_TFTwin[HeadOutput]):
    config: RobertaConfig
class TFRobertaForMultipleChoice(_TFTwin[HeadOutput]):
    config: RobertaConfig
class TFRobertaForTokenClassification(_TFTwin[HeadOutput]):
    config: RobertaConfig
class TFRobertaForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: RobertaConfig
class TFRobertaPreLayerNormModel(_TFTwin[BaseModelOutputWithPooling]):
    config: RobertaPreLayerNormConfig
class TFRobertaPreLayerNormForMaskedLM(_TFTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class TFRobertaPreLayerNormForCausalLM(_TFTwin[HeadOutput], Generates):
    config: RobertaPreLayerNormConfig
class TFRobertaPreLayerNormForSequenceClassification(_TFTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class TFRobertaPreLayerNormForMultipleChoice(_TFTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class TFRobertaPreLayerNormForTokenClassification(_TFTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class TFRobertaPreLayerNormForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: RobertaPreLayerNormConfig
class TFSegformerModel(_TFTwin[BaseModelOutput]):
    config: SegformerConfig
class TFSegformerForImageClassification(_TFTwin[HeadOutput]):
    config: SegformerConfig
class TFSegformerForSemanticSegmentation(_TFTwin[HeadOutput]):
    config: SegformerConfig
class TFSiglipTextModel(_TFTwin[Any]):
    config: SiglipTextConfig
class TFSiglipVisionModel(_TFTwin[Any]):
    config: SiglipVisionConfig
class TFSiglipModel(_TFTwin[ContrastiveOutput]):
    config: SiglipConfig
class TFSiglipForImageClassification(_TFTwin[HeadOutput]):
    config: SiglipConfig
class TFSpeechEncoderDecoderModel(_TFTwin[Seq2SeqLMOutput], Generates):
    config: SpeechEncoderDecoderConfig
class TFSwinModel(_TFTwin[SpatialModelOutput]):
    config: SwinConfig
class TFSwinForImageClassification(_TFTwin[SpatialHeadOutput]):
    config: SwinConfig
class TFSwinForMaskedImageModeling(_TFTwin[SpatialModelingOutput]):
    config: SwinConfig
class TFSwinBackbone(_TFTwin[BackboneOutput]):
    config: SwinConfig
class TFT5Model(_TFTwin[Seq2SeqModelOutput]):
    config: T5Config
class TFT5EncoderModel(_TFTwin[BaseModelOutput]):
    config: T5Config
class TFT5ForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: T5Config
class TFT5ForQuestionAnswering(_TFTwin[Seq2SeqQuestionAnsweringOutput]):
    config: T5Config
class TFT5ForSequenceClassification(_TFTwin[Seq2SeqLMOutput]):
    config: T5Config
class TFT5ForTokenClassification(_TFTwin[HeadOutput]):
    config: T5Config
class TFTrOCRForCausalLM(_TFTwin[HeadOutput], Generates):
    config: TrOCRConfig
class TFUMT5Model(_TFTwin[Seq2SeqModelOutput]):
    config: UMT5Config
class TFUMT5EncoderModel(_TFTwin[BaseModelOutput]):
    config: UMT5Config
class TFUMT5ForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: UMT5Config
class TFUMT5ForQuestionAnswering(_TFTwin[Seq2SeqQuestionAnsweringOutput]):
    config: UMT5Config
class TFUMT5ForSequenceClassification(_TFTwin[Seq2SeqLMOutput]):
    config: UMT5Config
class TFUMT5ForTokenClassification(_TFTwin[HeadOutput]):
    config: UMT5Config
class TFUniSpeechModel(_TFTwin[AudioModelOutput]):
    config: UniSpeechConfig
class TFUniSpeechForPreTraining(_TFTwin[SpeechPreTrainingOutput]):
    config: UniSpeechConfig
class TFUniSpeechForCTC(_TFTwin[HeadOutput]):
    config: UniSpeechConfig
class TFUniSpeechForSequenceClassification(_TFTwin[HeadOutput]):
    config: UniSpeechConfig
class TFViltModel(_TFTwin[BaseModelOutputWithPooling]):
    config: ViltConfig
class TFViltForMaskedLM(_TFTwin[HeadOutput]):
    config: ViltConfig
class TFViltForQuestionAnswering(_TFTwin[HeadOutput]):
    config: ViltConfig
class TFViltForImageAndTextRetrieval(_TFTwin[HeadOutput]):
    config: ViltConfig
class TFViltForImagesAndTextClassification(_TFTwin[HeadOutput]):
    config: ViltConfig
class TFViltForTokenClassification(_TFTwin[HeadOutput]):
    config: ViltConfig
class TFVisionEncoderDecoderModel(_TFTwin[Seq2SeqLMOutput], Generates):
    config: VisionEncoderDecoderConfig
class TFViTModel(_TFTwin[BaseModelOutputWithPooling]):
    config: ViTConfig
class TFViTForImageClassification(_TFTwin[HeadOutput]):
    config: ViTConfig
class TFViTForMaskedImageModeling(_TFTwin[MaskedImageModelingOutput]):
    config: ViTConfig
class TFViTMAEModel(_TFTwin[MaskedAutoencoderModelOutput]):
    config: ViTMAEConfig
class TFViTMAEForPreTraining(_TFTwin[MaskedAutoencoderOutput]):
    config: ViTMAEConfig
class TFWav2Vec2Model(_TFTwin[AudioModelOutput]):
    config: Wav2Vec2Config
class TFWav2Vec2ForCTC(_TFTwin[HeadOutput]):
    config: Wav2Vec2Config
class TFWav2Vec2ForSequenceClassification(_TFTwin[HeadOutput]):
    config: Wav2Vec2Config
class TFWav2Vec2ForAudioFrameClassification(_TFTwin[HeadOutput]):
    config: Wav2Vec2Config
class TFWav2Vec2ForPreTraining(_TFTwin[SpeechPreTrainingOutput]):
    config: Wav2Vec2Config
class TFWav2Vec2ForXVector(_TFTwin[XVectorOutput]):
    config: Wav2Vec2Config
class TFWhisperModel(_TFTwin[Seq2SeqModelOutput]):
    config: WhisperConfig
class TFWhisperForConditionalGeneration(_TFTwin[Seq2SeqLMOutput], Generates):
    config: WhisperConfig
class TFWhisperForCausalLM(_TFTwin[HeadOutput], Generates):
    config: WhisperConfig
class TFWhisperForAudioClassification(_TFTwin[HeadOutput]):
    config: WhisperConfig
class TFXLMRobertaModel(_TFTwin[BaseModelOutputWithPooling]):
    config: XLMRobertaConfig
class TFXLMRobertaForMaskedLM(_TFTwin[HeadOutput]):
    config: XLMRobertaConfig
class TFXLMRobertaForCausalLM(_TFTwin[HeadOutput], Generates):
    config: XLMRobertaConfig
class TFXLMRobertaForSequenceClassification(_TFTwin[HeadOutput]):
    config: XLMRobertaConfig
class TFXLMRobertaForMultipleChoice(_TFTwin[HeadOutput]):
    config: XLMRobertaConfig
class TFXLMRobertaForTokenClassification(_TFTwin[HeadOutput]):
    config: XLMRobertaConfig
class TFXLMRobertaForQuestionAnswering(_TFTwin[QuestionAnsweringOutput]):
    config: XLMRobertaConfig
class TFXLNetModel(_TFTwin[MemoryModelOutput]):
    config: XLNetConfig
class TFXLNetLMHeadModel(_TFTwin[HeadOutput], Generates):
    config: XLNetConfig
class TFXLNetForSequenceClassification(_TFTwin[HeadOutput]):
    config: XLNetConfig
class TFXLNetForMultipleChoice(_TFTwin[HeadOutput]):
    config: XLNetConfig
class TFXLNetForTokenClassification(_TFTwin[HeadOutput]):
    config: XLNetConfig
class TFXLNetForQuestionAnsweringSimple(_TFTwin[QuestionAnsweringOutput]):
    config: XLNetConfig
class TFXLNetForQuestionAnswering(_TFTwin[AnswersOutput]):
    config: XLNetConfig
class _FlaxAuto:
    @classmethod
    def from_pretrained(cls, source: str | Path, *, config: _Config | None = None, **options: Any) -> _FlaxTwin[Any]: ...
    @classmethod
    def from_config(cls, config: _Config, **options: Any) -> _FlaxTwin[Any]: ...
class FlaxAutoModel(_FlaxAuto): ...
class FlaxAutoModelForPreTraining(_FlaxAuto): ...
class FlaxAutoModelForMaskedLM(_FlaxAuto): ...
class FlaxAutoModelForCausalLM(_FlaxAuto): ...
class FlaxAutoModelForSeq2SeqLM(_FlaxAuto): ...
class FlaxAutoModelForSpeechSeq2Seq(_FlaxAuto): ...
class FlaxAutoModelForVision2Seq(_FlaxAuto): ...
class FlaxAutoModelForImageTextToText(_FlaxAuto): ...
class FlaxAutoModelForNextSentencePrediction(_FlaxAuto): ...
class FlaxAutoModelForSequenceClassification(_FlaxAuto): ...
class FlaxAutoModelForMultipleChoice(_FlaxAuto): ...
class FlaxAutoModelForTokenClassification(_FlaxAuto): ...
class FlaxAutoModelForQuestionAnswering(_FlaxAuto): ...
class FlaxAutoModelForImageClassification(_FlaxAuto): ...
class FlaxAutoModelForMaskedImageModeling(_FlaxAuto): ...
class FlaxAutoModelForSemanticSegmentation(_FlaxAuto): ...
class FlaxAutoModelForDocumentQuestionAnswering(_FlaxAuto): ...
class FlaxAutoModelForVisualQuestionAnswering(_FlaxAuto): ...
class FlaxAutoModelForObjectDetection(_FlaxAuto): ...
class FlaxAutoModelForImageSegmentation(_FlaxAuto): ...
class FlaxAutoBackbone(_FlaxAuto): ...
class FlaxAutoModelForAudioClassification(_FlaxAuto): ...
class FlaxAutoModelForAudioFrameClassification(_FlaxAuto): ...
class FlaxAutoModelForAudioXVector(_FlaxAuto): ...
class FlaxAutoModelForCTC(_FlaxAuto): ...
class FlaxAlbertModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: AlbertConfig
class FlaxAlbertForPreTraining(_FlaxTwin[AlbertPreTrainingOutput]):
    config: AlbertConfig
class FlaxAlbertForMaskedLM(_FlaxTwin[HeadOutput]):
    config: AlbertConfig
class FlaxAlbertForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: AlbertConfig
class FlaxAlbertForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: AlbertConfig
class FlaxAlbertForTokenClassification(_FlaxTwin[HeadOutput]):
    config: AlbertConfig
class FlaxAlbertForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: AlbertConfig
class FlaxASTModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: ASTConfig
class FlaxASTForAudioClassification(_FlaxTwin[HeadOutput]):
    config: ASTConfig
class FlaxBartModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: BartConfig
class FlaxBartForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: BartConfig
class FlaxBartForSequenceClassification(_FlaxTwin[Seq2SeqLMOutput]):
    config: BartConfig
class FlaxBartForQuestionAnswering(_FlaxTwin[Seq2SeqQuestionAnsweringOutput]):
    config: BartConfig
class FlaxBartForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: BartConfig
class FlaxBeitModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: BeitConfig
class FlaxBeitForMaskedImageModeling(_FlaxTwin[HeadOutput]):
    config: BeitConfig
class FlaxBeitForImageClassification(_FlaxTwin[HeadOutput]):
    config: BeitConfig
class FlaxBeitForSemanticSegmentation(_FlaxTwin[HeadOutput]):
    config: BeitConfig
class FlaxBeitBackbone(_FlaxTwin[BackboneOutput]):
    config: BeitConfig
class FlaxBertModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: BertConfig
class FlaxBertForMaskedLM(_FlaxTwin[HeadOutput]):
    config: BertConfig
class FlaxBertLMHeadModel(_FlaxTwin[HeadOutput], Generates):
    config: BertConfig
class FlaxBertForPreTraining(_FlaxTwin[PreTrainingOutput]):
    config: BertConfig
class FlaxBertForNextSentencePrediction(_FlaxTwin[HeadOutput]):
    config: BertConfig
class FlaxBertForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: BertConfig
class FlaxBertForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: BertConfig
class FlaxBertForTokenClassification(_FlaxTwin[HeadOutput]):
    config: BertConfig
class FlaxBertForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: BertConfig
class FlaxBlenderbotModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: BlenderbotConfig
class FlaxBlenderbotForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: BlenderbotConfig
class FlaxBlenderbotForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: BlenderbotConfig
class FlaxBlenderbotSmallModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: BlenderbotSmallConfig
class FlaxBlenderbotSmallForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: BlenderbotSmallConfig
class FlaxBlenderbotSmallForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: BlenderbotSmallConfig
class FlaxBlipVisionModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: BlipVisionConfig
class FlaxBlipTextModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: BlipTextConfig
class FlaxBlipModel(_FlaxTwin[ContrastiveOutput]):
    config: BlipConfig
class FlaxBlipForConditionalGeneration(_FlaxTwin[Any], Generates):
    config: BlipConfig
class FlaxBlipForQuestionAnswering(_FlaxTwin[Any], Generates):
    config: BlipConfig
class FlaxBlipForImageTextRetrieval(_FlaxTwin[ImageTextMatchingOutput]):
    config: BlipConfig
class FlaxBloomModel(_FlaxTwin[BaseModelOutput]):
    config: BloomConfig
class FlaxBloomForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: BloomConfig
class FlaxBloomForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: BloomConfig
class FlaxBloomForTokenClassification(_FlaxTwin[HeadOutput]):
    config: BloomConfig
class FlaxBloomForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: BloomConfig
class FlaxCamembertModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: CamembertConfig
class FlaxCamembertForMaskedLM(_FlaxTwin[HeadOutput]):
    config: CamembertConfig
class FlaxCamembertForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: CamembertConfig
class FlaxCamembertForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: CamembertConfig
class FlaxCamembertForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: CamembertConfig
class FlaxCamembertForTokenClassification(_FlaxTwin[HeadOutput]):
    config: CamembertConfig
class FlaxCamembertForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: CamembertConfig
class FlaxCLIPTextModel(_FlaxTwin[Any]):
    config: CLIPTextConfig
class FlaxCLIPTextModelWithProjection(_FlaxTwin[TextEmbedsOutput]):
    config: CLIPTextConfig
class FlaxCLIPVisionModel(_FlaxTwin[Any]):
    config: CLIPVisionConfig
class FlaxCLIPVisionModelWithProjection(_FlaxTwin[ImageEmbedsOutput]):
    config: CLIPVisionConfig
class FlaxCLIPModel(_FlaxTwin[ContrastiveOutput]):
    config: CLIPConfig
class FlaxCLIPForImageClassification(_FlaxTwin[HeadOutput]):
    config: CLIPConfig
class FlaxConvNextModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: ConvNextConfig
class FlaxConvNextForImageClassification(_FlaxTwin[HeadOutput]):
    config: ConvNextConfig
class FlaxConvNextBackbone(_FlaxTwin[BackboneOutput]):
    config: ConvNextConfig
class FlaxConvNextV2Model(_FlaxTwin[BaseModelOutputWithPooling]):
    config: ConvNextV2Config
class FlaxConvNextV2ForImageClassification(_FlaxTwin[HeadOutput]):
    config: ConvNextV2Config
class FlaxConvNextV2Backbone(_FlaxTwin[BackboneOutput]):
    config: ConvNextV2Config
class FlaxCvtModel(_FlaxTwin[CvtModelOutput]):
    config: CvtConfig
class FlaxCvtForImageClassification(_FlaxTwin[HeadOutput]):
    config: CvtConfig
class FlaxDebertaV2Model(_FlaxTwin[BaseModelOutput]):
    config: DebertaV2Config
class FlaxDebertaV2ForMaskedLM(_FlaxTwin[HeadOutput]):
    config: DebertaV2Config
class FlaxDebertaV2ForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: DebertaV2Config
class FlaxDebertaV2ForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: DebertaV2Config
class FlaxDebertaV2ForTokenClassification(_FlaxTwin[HeadOutput]):
    config: DebertaV2Config
class FlaxDebertaV2ForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: DebertaV2Config
class FlaxDeiTModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: DeiTConfig
class FlaxDeiTForImageClassification(_FlaxTwin[HeadOutput]):
    config: DeiTConfig
class FlaxDeiTForImageClassificationWithTeacher(_FlaxTwin[DistilledClassificationOutput]):
    config: DeiTConfig
class FlaxDeiTForMaskedImageModeling(_FlaxTwin[MaskedImageModelingOutput]):
    config: DeiTConfig
class FlaxDetrModel(_FlaxTwin[DetectionModelOutput]):
    config: DetrConfig
class FlaxDetrForObjectDetection(_FlaxTwin[DetectionOutput]):
    config: DetrConfig
class FlaxDetrForSegmentation(_FlaxTwin[InstanceSegmentationOutput]):
    config: DetrConfig
class FlaxDinov2Model(_FlaxTwin[BaseModelOutputWithPooling]):
    config: Dinov2Config
class FlaxDinov2ForImageClassification(_FlaxTwin[HeadOutput]):
    config: Dinov2Config
class FlaxDinov2Backbone(_FlaxTwin[BackboneOutput]):
    config: Dinov2Config
class FlaxDistilBertModel(_FlaxTwin[BaseModelOutput]):
    config: DistilBertConfig
class FlaxDistilBertForMaskedLM(_FlaxTwin[HeadOutput]):
    config: DistilBertConfig
class FlaxDistilBertForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: DistilBertConfig
class FlaxDistilBertForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: DistilBertConfig
class FlaxDistilBertForTokenClassification(_FlaxTwin[HeadOutput]):
    config: DistilBertConfig
class FlaxDistilBertForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: DistilBertConfig
class FlaxElectraModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: ElectraConfig
class FlaxElectraForMaskedLM(_FlaxTwin[HeadOutput]):
    config: ElectraConfig
class FlaxElectraForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: ElectraConfig
class FlaxElectraForPreTraining(_FlaxTwin[HeadOutput]):
    config: ElectraConfig
class FlaxElectraForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: ElectraConfig
class FlaxElectraForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: ElectraConfig
class FlaxElectraForTokenClassification(_FlaxTwin[HeadOutput]):
    config: ElectraConfig
class FlaxElectraForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: ElectraConfig
class FlaxEncodecModel(_FlaxTwin[EncodecOutput]):
    config: EncodecConfig
class FlaxEncoderDecoderModel(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: EncoderDecoderConfig
class FlaxFalconModel(_FlaxTwin[BaseModelOutput]):
    config: FalconConfig
class FlaxFalconForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: FalconConfig
class FlaxFalconForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: FalconConfig
class FlaxFalconForTokenClassification(_FlaxTwin[HeadOutput]):
    config: FalconConfig
class FlaxFalconForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: FalconConfig
class FlaxGemmaModel(_FlaxTwin[BaseModelOutput]):
    config: GemmaConfig
class FlaxGemmaForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: GemmaConfig
class FlaxGemmaForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: GemmaConfig
class FlaxGemmaForTokenClassification(_FlaxTwin[HeadOutput]):
    config: GemmaConfig
class FlaxGPT2Model(_FlaxTwin[BaseModelOutput]):
    config: GPT2Config
class FlaxGPT2LMHeadModel(_FlaxTwin[HeadOutput], Generates):
    config: GPT2Config
class FlaxGPT2DoubleHeadsModel(_FlaxTwin[DoubleHeadsOutput], Generates):
    config: GPT2Config
class FlaxGPT2ForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: GPT2Config
class FlaxGPT2ForTokenClassification(_FlaxTwin[HeadOutput]):
    config: GPT2Config
class FlaxGPT2ForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: GPT2Config
class FlaxGPTNeoModel(_FlaxTwin[BaseModelOutput]):
    config: GPTNeoConfig
class FlaxGPTNeoForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: GPTNeoConfig
class FlaxGPTNeoForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: GPTNeoConfig
class FlaxGPTNeoForTokenClassification(_FlaxTwin[HeadOutput]):
    config: GPTNeoConfig
class FlaxGPTNeoForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: GPTNeoConfig
class FlaxGPTNeoXModel(_FlaxTwin[BaseModelOutput]):
    config: GPTNeoXConfig
class FlaxGPTNeoXForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: GPTNeoXConfig
class FlaxGPTNeoXForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: GPTNeoXConfig
class FlaxGPTNeoXForTokenClassification(_FlaxTwin[HeadOutput]):
    config: GPTNeoXConfig
class FlaxGPTNeoXForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: GPTNeoXConfig
class FlaxGPTJModel(_FlaxTwin[BaseModelOutput]):
    config: GPTJConfig
class FlaxGPTJForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: GPTJConfig
class FlaxGPTJForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: GPTJConfig
class FlaxGPTJForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: GPTJConfig
class FlaxHubertModel(_FlaxTwin[BaseModelOutput]):
    config: HubertConfig
class FlaxHubertForCTC(_FlaxTwin[HeadOutput]):
    config: HubertConfig
class FlaxHubertForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: HubertConfig
class FlaxLayoutLMModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: LayoutLMConfig
class FlaxLayoutLMForMaskedLM(_FlaxTwin[HeadOutput]):
    config: LayoutLMConfig
class FlaxLayoutLMForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: LayoutLMConfig
class FlaxLayoutLMForTokenClassification(_FlaxTwin[HeadOutput]):
    config: LayoutLMConfig
class FlaxLayoutLMForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: LayoutLMConfig
class FlaxLlamaModel(_FlaxTwin[BaseModelOutput]):
    config: LlamaConfig
class FlaxLlamaForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: LlamaConfig
class FlaxLlamaForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: LlamaConfig
class FlaxLlamaForTokenClassification(_FlaxTwin[HeadOutput]):
    config: LlamaConfig
class FlaxLlamaForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: LlamaConfig
class FlaxLlavaModel(_FlaxTwin[ImagesInTextModelOutput]):
    config: LlavaConfig
class FlaxLlavaForConditionalGeneration(_FlaxTwin[ImagesInTextHeadOutput], Generates):
    config: LlavaConfig
class FlaxM2M100Model(_FlaxTwin[Seq2SeqModelOutput]):
    config: M2M100Config
class FlaxM2M100ForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: M2M100Config
class FlaxMambaModel(_FlaxTwin[BaseModelOutput]):
    config: MambaConfig
class FlaxMambaForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: MambaConfig
class FlaxMarianModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: MarianConfig
class FlaxMarianMTModel(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: MarianConfig
class FlaxMarianForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: MarianConfig
class FlaxMBartModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: MBartConfig
class FlaxMBartForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: MBartConfig
class FlaxMBartForSequenceClassification(_FlaxTwin[Seq2SeqLMOutput]):
    config: MBartConfig
class FlaxMBartForQuestionAnswering(_FlaxTwin[Seq2SeqQuestionAnsweringOutput]):
    config: MBartConfig
class FlaxMBartForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: MBartConfig
class FlaxMistralModel(_FlaxTwin[BaseModelOutput]):
    config: MistralConfig
class FlaxMistralForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: MistralConfig
class FlaxMistralForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: MistralConfig
class FlaxMistralForTokenClassification(_FlaxTwin[HeadOutput]):
    config: MistralConfig
class FlaxMistralForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: MistralConfig
class FlaxMixtralModel(_FlaxTwin[Any]):
    config: MixtralConfig
class FlaxMixtralForCausalLM(_FlaxTwin[ExpertsHeadOutput], Generates):
    config: MixtralConfig
class FlaxMixtralForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: MixtralConfig
class FlaxMixtralForTokenClassification(_FlaxTwin[HeadOutput]):
    config: MixtralConfig
class FlaxMixtralForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: MixtralConfig
class FlaxMobileViTModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: MobileViTConfig
class FlaxMobileViTForImageClassification(_FlaxTwin[HeadOutput]):
    config: MobileViTConfig
class FlaxMobileViTForSemanticSegmentation(_FlaxTwin[HeadOutput]):
    config: MobileViTConfig
class FlaxMPNetModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: MPNetConfig
class FlaxMPNetForMaskedLM(_FlaxTwin[HeadOutput]):
    config: MPNetConfig
class FlaxMPNetForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: MPNetConfig
class FlaxMPNetForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: MPNetConfig
class FlaxMPNetForTokenClassification(_FlaxTwin[HeadOutput]):
    config: MPNetConfig
class FlaxMPNetForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: MPNetConfig
class FlaxMT5Model(_FlaxTwin[Seq2SeqModelOutput]):
    config: MT5Config
class FlaxMT5EncoderModel(_FlaxTwin[BaseModelOutput]):
    config: MT5Config
class FlaxMT5ForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: MT5Config
class FlaxMT5ForQuestionAnswering(_FlaxTwin[Seq2SeqQuestionAnsweringOutput]):
    config: MT5Config
class FlaxMT5ForSequenceClassification(_FlaxTwin[Seq2SeqLMOutput]):
    config: MT5Config
class FlaxMT5ForTokenClassification(_FlaxTwin[HeadOutput]):
    config: MT5Config
class FlaxOPTModel(_FlaxTwin[BaseModelOutput]):
    config: OPTConfig
class FlaxOPTForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: OPTConfig
class FlaxOPTForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: OPTConfig
class FlaxOPTForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: OPTConfig
class FlaxPatchTSTModel(_FlaxTwin[SeriesModelOutput]):
    config: PatchTSTConfig
class FlaxPatchTSTForPretraining(_FlaxTwin[SeriesPreTrainingOutput]):
    config: PatchTSTConfig
class FlaxPatchTSTForClassification(_FlaxTwin[SeriesClassificationOutput]):
    config: PatchTSTConfig
class FlaxPatchTSTForPrediction(_FlaxTwin[SeriesPredictionOutput]):
    config: PatchTSTConfig
class FlaxPatchTSTForRegression(_FlaxTwin[SeriesRegressionOutput]):
    config: PatchTSTConfig
class FlaxPegasusModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: PegasusConfig
class FlaxPegasusForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: PegasusConfig
class FlaxPegasusForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: PegasusConfig
class FlaxPhiModel(_FlaxTwin[BaseModelOutput]):
    config: PhiConfig
class FlaxPhiForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: PhiConfig
class FlaxPhiForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: PhiConfig
class FlaxPhiForTokenClassification(_FlaxTwin[HeadOutput]):
    config: PhiConfig
class FlaxPLBartModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: PLBartConfig
class FlaxPLBartForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: PLBartConfig
class FlaxPLBartForSequenceClassification(_FlaxTwin[Seq2SeqLMOutput]):
    config: PLBartConfig
class FlaxPLBartForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: PLBartConfig
class FlaxQwen2Model(_FlaxTwin[BaseModelOutput]):
    config: Qwen2Config
class FlaxQwen2ForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: Qwen2Config
class FlaxQwen2ForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: Qwen2Config
class FlaxQwen2ForTokenClassification(_FlaxTwin[HeadOutput]):
    config: Qwen2Config
class FlaxQwen2ForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: Qwen2Config
class FlaxRecurrentGemmaModel(_FlaxTwin[BaseModelOutput]):
    config: RecurrentGemmaConfig
class FlaxRecurrentGemmaForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: RecurrentGemmaConfig
class FlaxRegNetModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: RegNetConfig
class FlaxRegNetForImageClassification(_FlaxTwin[HeadOutput]):
    config: RegNetConfig
class FlaxRemBertModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: RemBertConfig
class FlaxRemBertForMaskedLM(_FlaxTwin[HeadOutput]):
    config: RemBertConfig
class FlaxRemBertForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: RemBertConfig
class FlaxRemBertForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: RemBertConfig
class FlaxRemBertForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: RemBertConfig
class FlaxRemBertForTokenClassification(_FlaxTwin[HeadOutput]):
    config: RemBertConfig
class FlaxRemBertForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: RemBertConfig
class FlaxResNetModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: ResNetConfig
class FlaxResNetForImageClassification(_FlaxTwin[HeadOutput]):
    config: ResNetConfig
class FlaxResNetBackbone(_FlaxTwin[BackboneOutput]):
    config: ResNetConfig
class FlaxRobertaModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: RobertaConfig
class FlaxRobertaForMaskedLM(_FlaxTwin[HeadOutput]):
    config: RobertaConfig
class FlaxRobertaForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: RobertaConfig
class FlaxRobertaForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: RobertaConfig
class FlaxRobertaForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: RobertaConfig
class FlaxRobertaForTokenClassification(_FlaxTwin[HeadOutput]):
    config: RobertaConfig
class FlaxRobertaForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: RobertaConfig
class FlaxRobertaPreLayerNormModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: RobertaPreLayerNormConfig
class FlaxRobertaPreLayerNormForMaskedLM(_FlaxTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class FlaxRobertaPreLayerNormForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: RobertaPreLayerNormConfig
class FlaxRobertaPreLayerNormForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class FlaxRobertaPreLayerNormForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class FlaxRobertaPreLayerNormForTokenClassification(_FlaxTwin[HeadOutput]):
    config: RobertaPreLayerNormConfig
class FlaxRobertaPreLayerNormForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: RobertaPreLayerNormConfig
class FlaxSegformerModel(_FlaxTwin[BaseModelOutput]):
    config: SegformerConfig
class FlaxSegformerForImageClassification(_FlaxTwin[HeadOutput]):
    config: SegformerConfig
class FlaxSegformerForSemanticSegmentation(_FlaxTwin[HeadOutput]):
    config: SegformerConfig
class FlaxSiglipTextModel(_FlaxTwin[Any]):
    config: SiglipTextConfig
class FlaxSiglipVisionModel(_FlaxTwin[Any]):
    config: SiglipVisionConfig
class FlaxSiglipModel(_FlaxTwin[ContrastiveOutput]):
    config: SiglipConfig
class FlaxSiglipForImageClassification(_FlaxTwin[HeadOutput]):
    config: SiglipConfig
class FlaxSpeechEncoderDecoderModel(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: SpeechEncoderDecoderConfig
class FlaxSwinModel(_FlaxTwin[SpatialModelOutput]):
    config: SwinConfig
class FlaxSwinForImageClassification(_FlaxTwin[SpatialHeadOutput]):
    config: SwinConfig
class FlaxSwinForMaskedImageModeling(_FlaxTwin[SpatialModelingOutput]):
    config: SwinConfig
class FlaxSwinBackbone(_FlaxTwin[BackboneOutput]):
    config: SwinConfig
class FlaxT5Model(_FlaxTwin[Seq2SeqModelOutput]):
    config: T5Config
class FlaxT5EncoderModel(_FlaxTwin[BaseModelOutput]):
    config: T5Config
class FlaxT5ForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: T5Config
class FlaxT5ForQuestionAnswering(_FlaxTwin[Seq2SeqQuestionAnsweringOutput]):
    config: T5Config
class FlaxT5ForSequenceClassification(_FlaxTwin[Seq2SeqLMOutput]):
    config: T5Config
class FlaxT5ForTokenClassification(_FlaxTwin[HeadOutput]):
    config: T5Config
class FlaxTrOCRForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: TrOCRConfig
class FlaxUMT5Model(_FlaxTwin[Seq2SeqModelOutput]):
    config: UMT5Config
class FlaxUMT5EncoderModel(_FlaxTwin[BaseModelOutput]):
    config: UMT5Config
class FlaxUMT5ForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: UMT5Config
class FlaxUMT5ForQuestionAnswering(_FlaxTwin[Seq2SeqQuestionAnsweringOutput]):
    config: UMT5Config
class FlaxUMT5ForSequenceClassification(_FlaxTwin[Seq2SeqLMOutput]):
    config: UMT5Config
class FlaxUMT5ForTokenClassification(_FlaxTwin[HeadOutput]):
    config: UMT5Config
class FlaxUniSpeechModel(_FlaxTwin[AudioModelOutput]):
    config: UniSpeechConfig
class FlaxUniSpeechForPreTraining(_FlaxTwin[SpeechPreTrainingOutput]):
    config: UniSpeechConfig
class FlaxUniSpeechForCTC(_FlaxTwin[HeadOutput]):
    config: UniSpeechConfig
class FlaxUniSpeechForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: UniSpeechConfig
class FlaxViltModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: ViltConfig
class FlaxViltForMaskedLM(_FlaxTwin[HeadOutput]):
    config: ViltConfig
class FlaxViltForQuestionAnswering(_FlaxTwin[HeadOutput]):
    config: ViltConfig
class FlaxViltForImageAndTextRetrieval(_FlaxTwin[HeadOutput]):
    config: ViltConfig
class FlaxViltForImagesAndTextClassification(_FlaxTwin[HeadOutput]):
    config: ViltConfig
class FlaxViltForTokenClassification(_FlaxTwin[HeadOutput]):
    config: ViltConfig
class FlaxVisionEncoderDecoderModel(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: VisionEncoderDecoderConfig
class FlaxViTModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: ViTConfig
class FlaxViTForImageClassification(_FlaxTwin[HeadOutput]):
    config: ViTConfig
class FlaxViTForMaskedImageModeling(_FlaxTwin[MaskedImageModelingOutput]):
    config: ViTConfig
class FlaxViTMAEModel(_FlaxTwin[MaskedAutoencoderModelOutput]):
    config: ViTMAEConfig
class FlaxViTMAEForPreTraining(_FlaxTwin[MaskedAutoencoderOutput]):
    config: ViTMAEConfig
class FlaxWav2Vec2Model(_FlaxTwin[AudioModelOutput]):
    config: Wav2Vec2Config
class FlaxWav2Vec2ForCTC(_FlaxTwin[HeadOutput]):
    config: Wav2Vec2Config
class FlaxWav2Vec2ForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: Wav2Vec2Config
class FlaxWav2Vec2ForAudioFrameClassification(_FlaxTwin[HeadOutput]):
    config: Wav2Vec2Config
class FlaxWav2Vec2ForPreTraining(_FlaxTwin[SpeechPreTrainingOutput]):
    config: Wav2Vec2Config
class FlaxWav2Vec2ForXVector(_FlaxTwin[XVectorOutput]):
    config: Wav2Vec2Config
class FlaxWhisperModel(_FlaxTwin[Seq2SeqModelOutput]):
    config: WhisperConfig
class FlaxWhisperForConditionalGeneration(_FlaxTwin[Seq2SeqLMOutput], Generates):
    config: WhisperConfig
class FlaxWhisperForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: WhisperConfig
class FlaxWhisperForAudioClassification(_FlaxTwin[HeadOutput]):
    config: WhisperConfig
class FlaxXLMRobertaModel(_FlaxTwin[BaseModelOutputWithPooling]):
    config: XLMRobertaConfig
class FlaxXLMRobertaForMaskedLM(_FlaxTwin[HeadOutput]):
    config: XLMRobertaConfig
class FlaxXLMRobertaForCausalLM(_FlaxTwin[HeadOutput], Generates):
    config: XLMRobertaConfig
class FlaxXLMRobertaForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: XLMRobertaConfig
class FlaxXLMRobertaForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: XLMRobertaConfig
class FlaxXLMRobertaForTokenClassification(_FlaxTwin[HeadOutput]):
    config: XLMRobertaConfig
class FlaxXLMRobertaForQuestionAnswering(_FlaxTwin[QuestionAnsweringOutput]):
    config: XLMRobertaConfig
class FlaxXLNetModel(_FlaxTwin[MemoryModelOutput]):
    config: XLNetConfig
class FlaxXLNetLMHeadModel(_FlaxTwin[HeadOutput], Generates):
    config: XLNetConfig
class FlaxXLNetForSequenceClassification(_FlaxTwin[HeadOutput]):
    config: XLNetConfig
class FlaxXLNetForMultipleChoice(_FlaxTwin[HeadOutput]):
    config: XLNetConfig
class FlaxXLNetForTokenClassification(_FlaxTwin[HeadOutput]):
    config: XLNetConfig
class FlaxXLNetForQuestionAnsweringSimple(_FlaxTwin[QuestionAnsweringOutput]):
    config: XLNetConfig
class FlaxXLNetForQuestionAnswering(_FlaxTwin[AnswersOutput]):
    config: XLNetConfig
